# SPDX-License-Identifier: GPL-2.0-or-later
"""A package of a made-up module: built by the tools of Debian and RPM, its scripts run on a store of their own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from policytool.model.daemon import Daemon
from policytool.toolchain.base import Base
from policytool.workflow.module_set import ModuleSet
from policytool.workflow.packaged import Package, packaged

pytestmark = pytest.mark.base

TE = """policy_module(greeterd, 1.2.0)

gen_require(`
	attribute domain;
	attribute exec_type;
	attribute file_type;
	type etc_t;
	role system_r;
')

type greeterd_t, domain;
type greeterd_exec_t, exec_type, file_type;
role system_r types greeterd_t;

allow greeterd_t greeterd_exec_t:file { entrypoint execute };
"""
FC = "/usr/sbin/greeterd\t--\tgen_context(system_u:object_r:greeterd_exec_t,s0)\n"
IF = "## <summary>Made up.</summary>\n"
DENIED = (
    'type=AVC msg=audit(1700000000.100:10): avc:  denied  { read } for  pid=1 comm="x" '
    "scontext=system_u:system_r:greeterd_t:s0 tcontext=system_u:object_r:etc_t:s0 tclass=file permissive=1\n"
)
GREETERD = Daemon(
    name="greeterd",
    domain="greeterd_t",
    exec_type="greeterd_exec_t",
    summary="",
    executables=(),
    unit="greeterd.service",
)
NAME = "greeterd-selinux"
_CONTEXTS = Path("/etc/selinux/default")
STUBS = """%selinux_requires Requires: policycoreutils
%selinux_relabel_pre(s:) echo relabel_pre %{-s*}
%selinux_relabel_post(s:) echo relabel_post %{-s*}
%selinux_modules_install(s:p:) echo modules_install %{-s*} %{-p*} %*
%selinux_modules_uninstall(s:p:) echo modules_uninstall %{-s*} %{-p*} %*
"""


def make(base: Base, work: Path, te: str = TE, name: str = NAME) -> Path:
    """Write the package of a module with the source TE into a folder of WORK, and return that."""
    source, folder = work / "source" / "greeterd", work / name
    source.mkdir(parents=True)
    for ending, text in ((".te", te), (".fc", FC), (".if", IF)):
        source.joinpath(f"greeterd{ending}").write_text(text)
    made = packaged(ModuleSet([source], base), [GREETERD], name)
    write(made, folder)
    return folder


def write(made: Package, folder: Path) -> None:
    for name, (content, is_program) in made.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o755 if is_program else 0o644)


@pytest.fixture(scope="module")
def package(small_base: Base, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(small_base, tmp_path_factory.mktemp("package"))


def run(
    *words: object, cwd: Path | None = None, ok: bool = True, environment: Mapping[str, str] | None = None
) -> str:
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) == ok, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def test_the_package_says_what_has_to_happen_where_it_is_installed(package: Path) -> None:
    def lines(name: str) -> list[str]:
        return (package / name).read_text().splitlines()

    assert lines("modules.list") == ["greeterd"]
    assert lines("priority") == ["200"]
    assert lines("domains.list") == ["greeterd_t"]
    assert lines("units.list") == ["greeterd.service"]
    assert lines("relabel.list") == ["/usr/sbin/greeterd"]
    assert "(typepermissive greeterd_t)" in (package / "permissive" / "greeterd_selinux_permissive.cil").read_text()
    assert (package / "source" / "greeterd" / "greeterd.te").read_text() == TE
    assert "greeterd-selinux (1.2.0) " in (package / "debian" / "changelog").read_text()


def test_the_same_modules_give_the_same_bytes(package: Path, small_base: Base, tmp_path: Path) -> None:
    again = make(small_base, tmp_path)
    names = sorted(path.relative_to(package) for path in package.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    assert [name for name in names if (package / name).read_bytes() != (again / name).read_bytes()] == []


def test_shellcheck_finds_nothing(package: Path, tmp_path: Path) -> None:
    scripts = [package / name for name in ("common", "install", "uninstall", "rollout")]
    for name in ("postinst", "prerm"):
        script = tmp_path / name
        text = (package / "debian" / f"{NAME}.{name}").read_text()
        script.write_text(text.replace("#DEBHELPER#\n", ""))
        scripts.append(script)
    run("shellcheck", "-x", "-P", package, *scripts)


def test_debian_builds_it(package: Path, tmp_path: Path) -> None:
    copy = tmp_path / "build" / NAME
    shutil.copytree(package, copy)
    run("dpkg-buildpackage", "-us", "-uc", "-b", "-d", cwd=copy)
    (deb,) = (tmp_path / "build").glob("*.deb")
    run("dpkg-deb", "-x", deb, tmp_path / "installed")
    run("dpkg-deb", "-e", deb, tmp_path / "control")
    installed = tmp_path / "installed" / "usr" / "share" / "selinux" / "packages" / NAME
    for name in (
        "modules/greeterd.pp",
        "permissive/greeterd_selinux_permissive.cil",
        "source/greeterd/greeterd.te",
    ):
        assert (installed / name).read_bytes() == (package / name).read_bytes()
    assert os.access(installed / "install", os.X_OK)
    assert not (installed / "debian").exists()
    assert "#DEBHELPER#" not in (tmp_path / "control" / "postinst").read_text()
    assert "Version: 1.2.0\n" in (tmp_path / "control" / "control").read_text()


def test_rpm_builds_it(package: Path, tmp_path: Path) -> None:
    (tmp_path / "SOURCES").mkdir()
    shutil.copytree(package, tmp_path / "SOURCES" / f"{NAME}-1.2.0")
    run("tar", "czf", f"{NAME}-1.2.0.tar.gz", f"{NAME}-1.2.0", cwd=tmp_path / "SOURCES")
    # Debian has not Fedora's macros: these say what they were called with.
    (tmp_path / "macros").write_text(STUBS)
    options = ("--define", f"_topdir {tmp_path}", "--load", tmp_path / "macros")
    run("rpmbuild", "-bb", "--nodeps", *options, package / f"{NAME}.spec")
    (rpm,) = (tmp_path / "RPMS").glob("*/*.rpm")
    scripts = run("rpm", "-qp", "--scripts", rpm)
    folder = f"/usr/share/selinux/packages/{NAME}"
    assert f"modules_install targeted 200 {folder}/modules/greeterd.pp\n" in scripts
    assert "modules_uninstall targeted 200 greeterd\n" in scripts
    assert "relabel_pre targeted\n" in scripts
    assert "relabel_post targeted\n" in scripts
    files = run("rpm", "-qpl", rpm).splitlines()
    assert f"{folder}/modules/greeterd.pp" in files
    assert "/usr/share/selinux/devel/include/distributed/greeterd.if" in files
    assert not any("/debian" in name or name.endswith(".spec") for name in files)


def test_what_a_module_calls_is_in_the_package_and_both_builds(small_base: Base, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "manners").mkdir(parents=True)
    (source / "manners" / "manners.if").write_text(
        "interface(`manners_domain',`\n\tgen_require(`\n\t\ttype etc_t;\n\t')\n\n\tallow $1 etc_t:file read;\n')\n"
    )
    package = make(small_base, tmp_path, f"{TE}\nmanners_domain(greeterd_t)\n")
    assert (package / "source" / "greeterd" / "manners.if").is_file()
    test_rpm_builds_it(package, tmp_path)


class Store:
    """A policy store below a root of its own, which a host that has no SELinux can have as well."""

    def __init__(self, root: Path, base: Base) -> None:
        self.root = root
        tiny = root / "etc" / "selinux" / "tiny"
        shutil.copytree(_CONTEXTS, tiny)
        (root / "etc" / "selinux" / "config").write_text("SELINUX=permissive\nSELINUXTYPE=tiny\n")
        (root / "var" / "lib" / "selinux" / "tiny" / "active" / "modules" / "100").mkdir(parents=True)
        program = root / "usr" / "sbin" / "greeterd"
        program.parent.mkdir(parents=True)
        program.touch()
        # libsemanage wants somebody who logs in.
        login = root / "login.cil"
        login.write_text("(selinuxuserdefault system_u ((s0) (s0)))\n")
        modules = [word for path in sorted(base.path.glob("*.cil")) for word in ("-i", path)]
        run("semodule", *self.options, "-X", "100", *modules, "-i", login)

    @property
    def options(self) -> tuple[object, ...]:
        return ("-n", "-p", self.root, "-s", "tiny")

    def script(self, path: Path, *words: str, ok: bool = True, more: Mapping[str, str] | None = None) -> str:
        environment = {"ROOT": str(self.root), "STORE": "tiny", **(more or {})}
        return run(path, *words, ok=ok, environment=environment)

    def modules(self) -> set[str]:
        """Return what is there beside the base, each module with its priority and checksum."""
        listed = run("semodule", *self.options, "-m", "-lfull").splitlines()
        return {re.sub(" +", " ", line).strip() for line in listed if not line.startswith("100 ")}

    def label(self) -> str:
        try:
            return os.getxattr(self.root / "usr" / "sbin" / "greeterd", "security.selinux").decode().rstrip("\0")
        except OSError:
            return ""


@pytest.fixture
def store(small_base: Base, tmp_path: Path) -> Store:
    if os.geteuid():
        pytest.skip("a note: only root may label files")
    if not _CONTEXTS.is_dir():
        pytest.skip(f"a note: the store is made after {_CONTEXTS}, which only Debian has")
    return Store(tmp_path / "root", small_base)


def names(store: Store) -> list[str]:
    return sorted(line.split()[1] for line in store.modules())


def test_stages_and_back(package: Path, store: Store) -> None:
    before = store.modules()
    assert store.script(package / "rollout", "status") == "none\n"
    store.script(package / "rollout", "enforce", ok=False)
    store.script(package / "rollout", "permissive")
    assert names(store) == ["greeterd", "greeterd_selinux_permissive"]
    assert store.script(package / "rollout", "status") == "permissive\n"
    assert store.label() == "system_u:object_r:greeterd_exec_t:s0"
    installed = store.modules()
    store.script(package / "rollout", "permissive")
    assert store.modules() == installed, "once more changes nothing"
    log = store.root / "audit.log"
    log.write_text(DENIED)
    # Without policytool on PATH: denials are counted.
    plain = {"LOG": str(log), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    assert "1 denials logged" in store.script(package / "rollout", "watch", ok=False, more=plain)
    assert "not enforced" in store.script(package / "rollout", "enforce", ok=False, more=plain)
    assert store.script(package / "rollout", "status") == "permissive\n"
    log.write_text(DENIED.replace("greeterd_t", "another_greeterd_t"))
    store.script(package / "rollout", "enforce", more=plain)
    assert store.script(package / "rollout", "status") == "enforcing\n"
    assert names(store) == ["greeterd"]
    store.script(package / "rollout", "rollback")
    assert store.modules() == before
    assert store.label() != "system_u:object_r:greeterd_exec_t:s0"
    assert not (store.root / "var" / "lib" / "policytool" / NAME).exists()


def test_an_earlier_version_comes_back(package: Path, small_base: Base, store: Store, tmp_path: Path) -> None:
    later = make(small_base, tmp_path, TE.replace("1.2.0", "1.3.0") + "allow greeterd_t etc_t:file read;\n")
    store.script(package / "install")
    first = store.modules()
    store.script(later / "install")
    second = store.modules()
    assert names(store) == ["greeterd"]
    assert second != first
    store.script(later / "install")
    store.script(later / "rollout", "rollback")
    assert store.modules() == first
    store.script(later / "uninstall")
    assert store.modules() == set()
    assert store.script(later / "uninstall") == f"{NAME}: nothing is installed\n"


def test_what_fails_leaves_the_store_as_it_was(package: Path, store: Store, tmp_path: Path) -> None:
    copy, programs = tmp_path / "copy", tmp_path / "programs"
    shutil.copytree(package, copy)
    bare = store.modules()
    (copy / "modules" / "broken.cil").write_text("(allow nobody_t nothing_t (file (read)))\n")
    store.script(copy / "install", ok=False)
    assert store.modules() == bare
    (copy / "modules" / "broken.cil").unlink()
    programs.mkdir()
    failing = programs / "setfiles"
    failing.write_text("#!/bin/sh\nexit 1\n")
    failing.chmod(0o755)
    broken = {"PATH": f"{programs}:{os.environ['PATH']}"}
    said = store.script(copy / "install", ok=False, more=broken)
    assert "putting back" in said
    assert store.modules() == bare
    assert not (store.root / "var" / "lib" / "policytool" / NAME).exists()
    store.script(package / "install")
    installed = store.modules()
    store.script(package / "uninstall", ok=False, more=broken)
    assert store.modules() == installed


def test_with_policytool_watch_tells_what_no_trace_had(base: Base, tmp_path: Path) -> None:
    shipped = ModuleSet([Path(__file__).parents[2] / "policies" / "virtsecretd"], base)
    write(packaged(shipped, [], NAME), tmp_path / "package")
    state = tmp_path / "root" / "var" / "lib" / "policytool" / NAME
    state.mkdir(parents=True)
    (state / "since").write_text("11/14/23 22:13:20\n")
    log = tmp_path / "audit.log"
    log.write_text(DENIED.replace("greeterd_t", "virtsecretd_t").replace("{ read }", "{ append }"))
    environment = {
        "ROOT": str(tmp_path / "root"),
        "LOG": str(log),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    said = run(tmp_path / "package" / "rollout", "watch", ok=False, environment=environment)
    assert "1 accesses that no trace had" in said
    assert "virtsecretd_t etc_t:file append" in said
