# SPDX-License-Identifier: GPL-2.0-or-later
"""The spec of an RPM package of modules, with the macros of Fedora's guideline on independent policies.

They are in selinux-policy-devel (rpm.macros of selinux-policy); https://fedoraproject.org/wiki/SELinux/IndependentPolicy
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from policytool.packaging.description import PackageDescription

_SPEC = """# Compiled where it is built, as the guideline asks: a module is as portable as its source.
%global selinuxtype targeted
%global priority {priority}
%global modules {modules}
%global packages {packages}

Name:           {name}
Version:        {version}
Release:        1%{{?dist}}
Summary:        SELinux modules {modules}
License:        GPL-2.0-or-later
Source0:        %{{name}}-%{{version}}.tar.gz
BuildArch:      noarch
BuildRequires:  make
BuildRequires:  selinux-policy-devel
Requires:       selinux-policy-%{{selinuxtype}}
Requires(post): selinux-policy-%{{selinuxtype}}
Requires(post): policycoreutils
%{{?selinux_requires}}

%description
Made by policytool from what the daemons were seen doing, and checked against
{base}. The modules are installed at priority %{{priority}}.
To see first what would be denied, run
{folder}/rollout permissive.

%prep
%autosetup

%build
{build}
%install
install -d %{{buildroot}}{folder}
cp -a {contents} %{{buildroot}}{folder}/
{installed}
%pre
%selinux_relabel_pre -s %{{selinuxtype}}

%preun
# Before the files are gone, and with the units stopped: a process whose domain is gone cannot be told what to do.
if [ $1 -eq 0 ]; then
    STORE=%{{selinuxtype}} {folder}/uninstall || :
fi

%post
%selinux_modules_install -s %{{selinuxtype}} -p %{{priority}} %{{packages}}

%postun
if [ $1 -eq 0 ]; then
    %selinux_modules_uninstall -s %{{selinuxtype}} -p %{{priority}} %{{modules}}
fi

%posttrans
%selinux_relabel_post -s %{{selinuxtype}}

%files
{folder}
{headers}
%changelog
* {date} {maintainer} - {version}-1
- Modules {modules}.
"""

_INCLUDE = "%{_datadir}/selinux/devel/include/distributed"


def rpm_spec(package: PackageDescription, files: Iterable[str]) -> str:
    """Return the spec of PACKAGE, whose tarball holds its folder; FILES are the names of what it installs."""
    compiled = [name for name in package.modules if name not in package.only_cil]
    ends = {name: "cil" if name in package.only_cil else "pp" for name in package.modules}
    # The Makefile takes interfaces from modules in the same folder alone, not from those that a module only calls.
    interfaces = "'detected_ifs=$(wildcard *.if)'"
    build = [
        f"make -C source/{name} -f %{{_datadir}}/selinux/devel/Makefile {interfaces} {name}.pp\n"
        f"mv source/{name}/{name}.pp modules/\n"
        f"make -C source/{name} -f %{{_datadir}}/selinux/devel/Makefile clean"
        for name in compiled
    ]
    headers = [
        f"install -D -p -m 644 source/{name}/{name}.if %{{buildroot}}{_INCLUDE}/{name}.if" for name in compiled
    ]
    return _SPEC.format(
        name=package.name,
        version=package.version,
        priority=package.priority,
        modules=" ".join(package.modules),
        packages=" ".join(f"{package.folder}/modules/{name}.{end}" for name, end in ends.items()),
        base=package.base.replace("%", "%%"),
        folder=package.folder,
        build="".join(f"{line}\n" for line in build),
        contents=" ".join(sorted({name.partition("/")[0] for name in files})),
        installed="".join(f"{line}\n" for line in headers),
        headers="".join(f"{_INCLUDE}/{name}.if\n" for name in compiled),
        date=f"{datetime.fromtimestamp(package.date, UTC):%a %b %d %Y}",
        maintainer=package.maintainer,
    )
