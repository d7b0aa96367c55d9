# SPDX-License-Identifier: GPL-2.0-or-later
"""The folder debian/ of a package of modules, for dh (debhelper 13); Debian Policy and debhelper(7)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from policytool.packaging.description import PackageDescription

# What is installed by `dpkg -i` is not the policy's author's business to license anew.
_LICENSE = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: {maintainer}
License: GPL-2.0-or-later
 On Debian systems the text of the GNU General Public License, version 2,
 is in /usr/share/common-licenses/GPL-2.
"""

_RULES = """#!/usr/bin/make -f
%:
\tdh $@
"""

# The modules are compiled already: they were checked, linked and proved as they are.
_CONTROL = """Source: {name}
Section: admin
Priority: optional
Maintainer: {maintainer}
Build-Depends: debhelper-compat (= 13)
Standards-Version: 4.6.2
Rules-Requires-Root: no

Package: {name}
Architecture: all
Depends: policycoreutils, selinux-utils, selinux-policy-default | selinux-policy-mls, ${{misc:Depends}}
Recommends: auditd
Description: SELinux modules {modules}
 Made by policytool from what the daemons were seen doing, and checked against
 {base}.
 .
 The modules are installed at priority {priority}. To see first what would be
 denied, run {folder}/rollout permissive.
"""

_POSTINST = """#!/bin/sh
set -e
case $1 in
configure)
    # Which stage the modules were in, they stay in.
    if [ "$({folder}/rollout status)" = permissive ]; then
        {folder}/install --permissive
    else
        {folder}/install
    fi
    ;;
esac
#DEBHELPER#
exit 0
"""

_PRERM = """#!/bin/sh
set -e
case $1 in
remove|deconfigure)
    {folder}/uninstall
    ;;
esac
#DEBHELPER#
exit 0
"""


def debian_files(package: PackageDescription, files: Iterable[str]) -> dict[str, str]:
    """Return the files of debian/ for PACKAGE, name to text; FILES are the names of what it installs."""
    words = {
        "name": package.name,
        "maintainer": package.maintainer,
        "modules": ", ".join(package.modules)[:60],
        "base": package.base,
        "priority": str(package.priority),
        "folder": package.folder,
    }
    moment = datetime.fromtimestamp(package.date, UTC)
    folder = package.folder.lstrip("/")
    install = [
        f"{name} {folder}{f'/{parent}' if (parent := name.rpartition('/')[0]) else ''}" for name in sorted(files)
    ]
    return {
        "debian/changelog": f"{package.name} ({package.version}) unstable; urgency=medium\n\n"
        f"  * Modules {', '.join(package.modules)}.\n\n"
        f" -- {package.maintainer}  {moment:%a, %d %b %Y %H:%M:%S} +0000\n",
        "debian/control": _CONTROL.format(**words),
        "debian/copyright": _LICENSE.format(**words),
        "debian/rules": _RULES,
        "debian/source/format": "3.0 (native)\n",
        f"debian/{package.name}.install": "\n".join(install) + "\n",
        f"debian/{package.name}.postinst": _POSTINST.format(**words),
        f"debian/{package.name}.prerm": _PRERM.format(**words),
    }
