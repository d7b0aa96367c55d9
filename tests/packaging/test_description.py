# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest

from policytool.errors import InputError, UsageError
from policytool.model.module import FileContext, FileKind
from policytool.packaging.debian_files import debian_files
from policytool.packaging.description import PackageDescription, relabelled_paths
from policytool.packaging.rpm_spec import rpm_spec
from tests.synthetic import context

PACKAGE = PackageDescription(
    name="greeterd-selinux",
    version="1.2.0",
    maintainer="Jane Doe <jane@example.org>",
    date=1_766_000_000,
    base="default 1:50%",
    modules=("greeterd", "old"),
    only_cil=frozenset({"old"}),
    domains=("greeterd_t",),
    units=("greeterd.service",),
    paths=("/usr/sbin/greeterd",),
)


def relabelled(*patterns: str) -> tuple[str, ...]:
    return relabelled_paths(FileContext(pattern, FileKind.ANY, context("x_t")) for pattern in patterns)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/usr/sbin/greeterd", "/usr/sbin/greeterd"),
        ("/run/greeterd\\.pid", "/run/greeterd.pid"),
        ("/etc/greeterd(/.*)?", "/etc/greeterd"),
        ("/srv/a\\+b(/.+)?", "/srv/a+b"),
        ("/var/log/greeterd/.*", "/var/log/greeterd"),
        ("/run/greeterd/[0-9]+\\.sock", "/run/greeterd"),
        ("/run/greeterd.*\\.sock", "/run"),
        ("/usr/(s)?bin/greeterd", "/usr"),
        ("/etc/greeterdx?", "/etc"),
    ],
)
def test_a_pattern_stands_for_what_it_may_match(pattern: str, path: str) -> None:
    assert relabelled(pattern) == (path,)


def test_what_is_below_another_path_is_looked_at_with_it() -> None:
    assert relabelled("/etc/a/b", "/etc/a(/.*)?", "/etc/ab", "/etc/a/b") == ("/etc/a", "/etc/ab")


def test_the_whole_system_is_not_relabelled() -> None:
    with pytest.raises(InputError, match="may be any file of the system"):
        relabelled("/.*\\.sock")


def test_a_path_that_is_no_line_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be listed"):
        relabelled("/srv/a\n/etc")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "Greeterd"),
        ("name", "a; rm -rf /"),
        ("name", "../a"),
        ("version", "1.0 2"),
        ("version", ""),
        ("maintainer", "nobody"),
        ("maintainer", "a <a@b>\nPackage: x"),
        ("priority", 0),
        ("units", ("a.service\nb.service",)),
        ("units", ("--now.service",)),
    ],
)
def test_what_no_package_may_be_called_is_refused(key: str, value: object) -> None:
    with pytest.raises(UsageError, match=f"{key}|priority|unit"):
        replace(PACKAGE, **{key: value})  # type: ignore[arg-type]


def test_the_guard_is_a_name_that_a_module_may_have() -> None:
    assert PACKAGE.guard == "greeterd_selinux_permissive"
    assert replace(PACKAGE, name="a+b.c").guard == "a_b_c_permissive"


def test_debian_says_where_each_file_goes_and_runs_our_scripts() -> None:
    found = debian_files(PACKAGE, ["install", "modules/greeterd.pp"])
    assert found["debian/greeterd-selinux.install"] == (
        "install usr/share/selinux/packages/greeterd-selinux\n"
        "modules/greeterd.pp usr/share/selinux/packages/greeterd-selinux/modules\n"
    )
    assert found["debian/changelog"].endswith(" -- Jane Doe <jane@example.org>  Wed, 17 Dec 2025 19:33:20 +0000\n")
    assert "/usr/share/selinux/packages/greeterd-selinux/uninstall" in found["debian/greeterd-selinux.prerm"]
    assert "#DEBHELPER#" in found["debian/greeterd-selinux.postinst"]


def test_the_spec_uses_fedoras_macros_and_compiles_what_has_source() -> None:
    spec = rpm_spec(PACKAGE, ["install", "modules/greeterd.pp", "modules/old.cil"])
    folder = "/usr/share/selinux/packages/greeterd-selinux"
    assert f"%global packages {folder}/modules/greeterd.pp {folder}/modules/old.cil\n" in spec
    for macro in ("modules_install", "modules_uninstall", "relabel_pre", "relabel_post"):
        assert f"%selinux_{macro} -s %{{selinuxtype}}" in spec
    assert "make -C source/greeterd " in spec
    assert "source/old" not in spec
    assert "cp -a install modules %{buildroot}" in spec
    assert "default 1:50%%" in spec
