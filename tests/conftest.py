# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of all tests: the real base policy, and a cache that later runs find warm."""

from __future__ import annotations

import gc
import os
import shutil
import signal
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from policytool.toolchain.base import Base, base_cil, find_base

# CI judges a change, so that it draws the same examples each time; anywhere else they are new ones.
# No deadline: times are not asserted in tests, and a machine may have other work to do.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("plain", deadline=None)
settings.load_profile("plain")
if os.environ.get("CI"):
    settings.load_profile("ci")

# What is made are values without cycles, and to look for some takes a fifth of the time. Tests share a process, in
# which pytest leaves some. Python's own number is 700.
gc.set_threshold(100_000)

REPOSITORY = Path(__file__).resolve().parent.parent

# What tests want of another module than `base`.
VIRT = """
(type virtd_t)
(roletype system_r virtd_t)
(typeattributeset domain (virtd_t))
(type virtlogd_t)
(roletype system_r virtlogd_t)
(type virtlogd_exec_t)
(typetransition init_t virtlogd_exec_t process virtlogd_t)
"""

# The distribution's modules with the domains of libvirt and of what it runs: what the modules in policies/ require.
LIBVIRTS = frozenset({"virt", "qemu", "dnsmasq", "dmidecode", "iptables", "lvm", "numad", "xen"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what reads every trace of the repository.

    Workers take each other's last tests, and each that had some of these would read the traces again.
    """
    items.sort(key=lambda item: item.path.name != "test_policies.py")


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Let the programs that tests start be interrupted, also when a shell runs the tests in the background.

    Such a shell has SIGINT ignored, which every program that is started there inherits.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def warm_cache(request: pytest.FixtureRequest) -> Iterator[None]:
    """Point XDG_CACHE_HOME into the repository's build folder, never at the user's own cache.

    But for the lab: its image takes minutes to build, and is the user's to keep.
    """
    if request.config.getoption("-m") == "lab":
        yield
        return
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(REPOSITORY / "build" / "cache")
    yield
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before


@pytest.fixture(scope="session")
def base() -> Base:
    """Find the distribution's base policy; a test that uses it is marked `base`."""
    return find_base()


@pytest.fixture(scope="session")
def small_base(base: Base, tmp_path_factory: pytest.TempPathFactory) -> Base:
    """Make a base of the distribution's module `base` alone: it links in a sixth of the time."""
    folder = tmp_path_factory.mktemp("base")
    write_part(base, folder, ())
    (folder / "virt.cil").write_text(VIRT)
    return find_base(folder)


@pytest.fixture(scope="session")
def virt_base(base: Base, tmp_path_factory: pytest.TempPathFactory) -> Base:
    """Make a base of the distribution's modules about libvirt and its helpers: it links in a fifth of the time."""
    folder = tmp_path_factory.mktemp("virt")
    write_part(base, folder, LIBVIRTS)
    return find_base(folder)


@pytest.fixture(scope="session")
def started_base(base: Base, tmp_path_factory: pytest.TempPathFactory) -> Base:
    """Make a base as `virt_base`, where those that start daemons are unconfined, as in the recordings."""
    folder = tmp_path_factory.mktemp("started")
    write_part(base, folder, LIBVIRTS | {"unconfined"})
    return find_base(folder)


def write_part(base: Base, folder: Path, names: Collection[str]) -> None:
    """Write the module `base` of BASE and those of NAMES into FOLDER.

    It is without the logins, which name users of other modules.
    """
    for path in base_cil(base):
        if path.stem == "base":
            lines = path.read_text().splitlines(keepends=True)
            (folder / path.name).write_text("".join(line for line in lines if not line.startswith("(selinuxuser")))
        elif path.stem in names:
            shutil.copy(path, folder)


@pytest.fixture(scope="session")
def policies() -> Path:
    """Name the folder of tiny modules, one a subject."""
    return REPOSITORY / "tests" / "policies"
