# SPDX-License-Identifier: GPL-2.0-or-later
"""The image of the machine, made of Debian packages in cached layers.

    minimal ──┬── + build dependencies ── libvirt's daemons ──┐
              └── + the guest's packages ─────────────────────┼── image
                    └── + those of another kind of machine ───┴── its image

Each layer is an entry of the cache, named by the hash of what it is made of: package lists with the versions at
hand, our own scripts, the layer below. What runs as root in a layer runs in a mount and process namespace of its
own that ends with this process, so neither a mount nor a process can be left behind.
"""

from __future__ import annotations

import fcntl
import gzip
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from policytool.errors import MissingToolError, UsageError
from policytool.lab.apt import SUITE, Source, debian_sources, sources_list
from policytool.lab.machine_kind import PLAIN, MachineKind
from policytool.lab.packages import BUILD, GUEST
from policytool.toolchain.cache import Cache, digest, open_cache
from policytool.toolchain.run import concurrently, find_program, run, run_logged

GUEST_FILES = Path(__file__).parent / "guest"

# Kinds of cache entries; also what `lab clean` removes.
MINIMAL, BUILD_ROOT, GUEST_ROOT, LIBVIRT, IMAGE = (
    "lab-minimal",
    "lab-build-root",
    "lab-guest-root",
    "lab-libvirt",
    "lab-image",
)
KINDS = (MINIMAL, BUILD_ROOT, GUEST_ROOT, LIBVIRT, IMAGE)

# The file system, of which a third is used; a recording needs the rest.
_SIZE = "4G"
_FREE_GIB = 12
_HYPERVISOR = "hypervisor"
_LIMIT = 1800.0

_PROGRAMS = (
    "debootstrap",
    "unshare",
    "setpriv",
    "setfiles",
    "mkfs.ext4",
    "debugfs",
    "qemu-system-x86_64",
    "secilc",
)

# Called with what is being done now.
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Image:
    """A finished image: its folder in the cache and the hash of what it is made of."""

    folder: Path
    key: str

    @property
    def disk(self) -> Path:
        """The root file system, ext4, with labels; to be copied and not changed."""
        return self.folder / "disk.img"

    @property
    def kernel(self) -> Path:
        """Debian's kernel."""
        return self.folder / "vmlinuz"

    @property
    def initrd(self) -> Path:
        """Its initial RAM disk."""
        return self.folder / "initrd"

    @property
    def hypervisor(self) -> Path | None:
        """What starts the kernel, a multiboot ELF file; None where nothing but the machine does."""
        path = self.folder / _HYPERVISOR
        return path if path.exists() else None

    @property
    def base(self) -> Path:
        """The packages of the base policy's modules, as in the image."""
        return self.folder / "default"

    @property
    def paths(self) -> Path:
        """The path of every file in the image, one a line."""
        return self.folder / "paths"

    @property
    def libvirt_version(self) -> str:
        """The version of libvirt in the image."""
        return (self.folder / "libvirt-version").read_text().strip()

    @property
    def policy_version(self) -> str:
        """The version of the package that the base policy comes from."""
        return (self.folder / "policy-version").read_text().strip()


def require_root(what: str) -> None:
    """Raise UsageError unless this process is root; WHAT is what needs it."""
    if os.geteuid() != 0:
        raise UsageError(f"{what} needs root: it makes a file system with devices, owners and SELinux labels")


def image_key(versions: str, kind: MachineKind = PLAIN) -> str:
    """Return the hash of all that the image of KIND is made of; VERSIONS are those of the packages at hand."""
    folders = (GUEST_FILES, kind.guest) if kind.guest else (GUEST_FILES,)
    scripts = (path.read_bytes() for folder in folders for path in sorted(folder.iterdir()))
    return digest(SUITE, _SIZE, " ".join(BUILD), " ".join((*GUEST, *kind.packages)), versions, *scripts)


def find_image(cache: Cache | None = None, kind: MachineKind = PLAIN) -> Image | None:
    """Return the image of KIND if it has been built."""
    key = image_key(_versions(kind), kind)
    folder = (cache or open_cache()).find(IMAGE, key)
    return Image(folder, key) if folder else None


def build_image(told: Told, cache: Cache | None = None, kind: MachineKind = PLAIN) -> Image:
    """Return the image of KIND, building what is missing of it; TOLD says what is being done.

    Root is needed (UsageError), and the programs and archives that are named if they are missing. A program
    that fails raises ToolFailedError, with its log.
    """
    cache = cache or open_cache()
    if found := find_image(cache, kind):
        return found
    require_root("lab build")
    for program in _PROGRAMS:
        find_program(program)
    sources = debian_sources()
    if shutil.disk_usage(cache.root).free < _FREE_GIB << 30:
        raise MissingToolError(f"the lab needs {_FREE_GIB} GiB of free disk under {cache.root} to be built")
    with _alone(cache):
        return _build(cache, sources, kind, told)


def _build(cache: Cache, sources: tuple[Source, ...], kind: MachineKind, told: Told) -> Image:
    script = partial(_run_script, cache.root)
    versions = _versions(kind)
    minimal_key = digest(
        _versions(PLAIN), _text("bootstrap"), *(f"{source.uri} {source.suite}" for source in sources)
    )

    def minimal(folder: Path) -> None:
        told("Debian's minimal system")
        (folder / "sources.list").write_text(sources_list(sources))
        mirror = next(source.uri for source in sources if source.suite == SUITE)
        script("bootstrap", folder / "root", mirror, folder / "sources.list")

    base = cache.fill(MINIMAL, minimal_key, minimal)

    def packages(entry: str, wanted: tuple[str, ...], below: Path = base, key: str = minimal_key) -> Path:
        def make(folder: Path) -> None:
            told(f"{len(wanted)} packages, and what they depend on")
            script("packages", below / "root", folder / "root", *wanted)

        return cache.fill(entry, digest(key, _text("packages"), *wanted), make)

    def guest() -> Path:
        """Return the guest's layer, which one of another kind of machine is made on."""
        common = packages(GUEST_ROOT, GUEST)
        if not kind.packages:
            return common
        return packages(GUEST_ROOT, kind.packages, common, digest(minimal_key, versions, *GUEST))

    def libvirt() -> Path:
        key = digest(minimal_key, _text("packages"), _text("libvirt"), _text("libvirt.make"), *BUILD)

        def make(folder: Path) -> None:
            root = packages(BUILD_ROOT, BUILD) / "root"
            told("libvirt's daemons, from Debian's source package")
            # The root is spent by building in it; a later build of other sources makes it anew.
            script("libvirt", root, GUEST_FILES / "libvirt.make")
            (root / "build" / "dest").rename(folder / "dest")
            shutil.rmtree(root.parent)

        return cache.fill(LIBVIRT, key, make)

    daemons, layer = concurrently([libvirt, guest], workers=2)
    told("the image: daemons, labels, file system")
    key = image_key(versions, kind)
    folder = cache.fill(IMAGE, key, lambda aside: _assemble(script, layer / "root", daemons / "dest", kind, aside))
    return Image(folder, key)


def _assemble(script: Callable[..., None], guest: Path, daemons: Path, kind: MachineKind, folder: Path) -> None:
    root = folder / "root"
    run(["cp", "-a", guest, root])
    script("assemble", root, daemons, GUEST_FILES)
    if kind.guest:
        script(f"assemble-{kind.name}", root, kind.guest, folder=kind.guest)
    contexts = root / "etc/selinux/default/contexts/files/file_contexts"
    run(["setfiles", "-F", "-r", root, contexts, root])
    disk = folder / "disk.img"
    # No journal: a machine that is lost is not used again.
    run(["mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-d", root, disk, _SIZE])
    for name, pattern in (("vmlinuz", kind.kernel), ("initrd", kind.initrd)):
        shutil.copyfile(next((root / "boot").glob(pattern)), folder / name)
    if kind.hypervisor:
        packed = next((root / "boot").glob(kind.hypervisor))
        (folder / _HYPERVISOR).write_bytes(gzip.decompress(packed.read_bytes()))
    shutil.copytree(root / "usr/share/selinux/default", folder / "default")
    shutil.copyfile(root / "usr/lib/policytool/libvirt-version", folder / "libvirt-version")
    query = ["dpkg-query", f"--admindir={root}/var/lib/dpkg", "-W", "-f"]
    (folder / "policy-version").write_bytes(run([*query, "${Version}", "selinux-policy-default"]).stdout)
    (folder / "packages").write_bytes(run([*query, "${Package} ${Version}\n"]).stdout)
    (folder / "paths").write_bytes(run(["find", root, "-xdev", "-printf", "/%P\n"]).stdout)
    shutil.rmtree(root)


def _run_script(logs: Path, name: str, *words: str | Path, folder: Path = GUEST_FILES) -> None:
    """Run the script NAME of FOLDER as root in namespaces of its own; its log is kept for the error."""
    log = logs / f"lab-{name}.log"
    log.write_bytes(b"")
    namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL"]
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    run_logged([*namespaces, "sh", folder / name, *words], log, env=env, timeout=_LIMIT)


@contextmanager
def _alone(cache: Cache) -> Iterator[None]:
    """Hold the lab's lock; what an interrupted build had left aside goes first."""
    with (cache.root / "lab.lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        for kind in KINDS:
            for leftover in (cache.root / kind).glob(".aside-*"):
                shutil.rmtree(leftover, ignore_errors=True)
        yield


def _text(name: str) -> bytes:
    return (GUEST_FILES / name).read_bytes()


def _versions(kind: MachineKind) -> str:
    """Return the versions of our packages that apt would install, so that a new one makes a new image."""
    names = sorted({*BUILD, *GUEST, *kind.packages, "libvirt-daemon"})
    done = run(["apt-cache", "--no-all-versions", "show", *names], ok=(0, 100))
    return "\n".join(line for line in done.text.splitlines() if line.startswith(("Package:", "Version:")))
