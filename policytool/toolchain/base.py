# SPDX-License-Identifier: GPL-2.0-or-later
"""The base policy that modules are linked against: where it is, what it is, and its modules as CIL."""

from __future__ import annotations

import bz2
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from policytool.errors import InputError, MissingToolError, PolicytoolError, ToolFailedError
from policytool.model.context import is_identifier
from policytool.model.module import BasePolicy
from policytool.toolchain.cache import Cache, digest, open_cache
from policytool.toolchain.run import concurrently, missing, run

# The converter of policy packages, at the same place in Debian and Fedora.
PP = Path("/usr/libexec/selinux/hll/pp")

# Where distributions keep their base: Debian's packages of modules, Fedora's module store (as shipped, then as
# installed). The first that exists is taken.
_FOLDERS = (
    Path("/usr/share/selinux/default"),
    Path("/var/lib/selinux/targeted/active/modules"),
    Path("/usr/share/selinux/targeted/default/active/modules"),
)

# policy name -> the package that holds it, in dpkg or rpm
_OWNERS = {"default": "selinux-policy-default", "mls": "selinux-policy-mls", "targeted": "selinux-policy-targeted"}

_BZ2 = b"BZh"
_PACKAGE_MAGIC = b"\x8f\xff\x7c\xf9"  # SEPOL_MODULE_PACKAGE_MAGIC 0xf97cff8f, little endian
_POLICY_MAGIC = b"\x8c\xff\x7c\xf9"  # SELINUX_MAGIC 0xf97cff8c: a compiled kernel policy

# Called with (what is being done, steps done, steps in all), from any thread.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class BaseModule:
    """A module of the base: name, file (.pp or CIL, maybe compressed with bzip2), sha256 of the file."""

    name: str
    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class Base:
    """A base policy. `modules` is empty where `path` is one compiled policy, which can be asked, not linked."""

    identity: BasePolicy
    path: Path
    modules: tuple[BaseModule, ...] = ()

    @property
    def compiled(self) -> bool:
        """Whether this is one compiled policy file."""
        return not self.modules

    @property
    def names(self) -> frozenset[str]:
        """The names of the modules."""
        return frozenset(module.name for module in self.modules)


def find_base(path: Path | None = None) -> Base:
    """Return the base in PATH: a folder of .pp, .pp.bz2 or .cil files, a module store, or a compiled policy.

    None means the distribution's; MissingToolError names the packages if it is not there. InputError if PATH
    holds no policy.
    """
    if path is None:
        path = next((folder for folder in _FOLDERS if folder.is_dir() and any(folder.iterdir())), None)
    if path is None:
        raise MissingToolError(
            "no base policy: apt install selinux-policy-default selinux-policy-dev, or dnf install"
            " selinux-policy-targeted selinux-policy-devel; or name a folder of modules with --base"
        )
    try:
        if path.is_file():
            return _compiled(path)
        modules = tuple(_modules(path))
    except OSError as error:
        raise InputError(f"cannot read the base {path}: {error.strerror}") from error
    if not modules:
        raise InputError(f"the base {path} holds no module (.pp, .pp.bz2, .cil, or a module store)")
    sha256 = digest(*(text for module in modules for text in (module.name, module.sha256)))
    return Base(BasePolicy(_name(path), _version(path), sha256), path, modules)


def base_cil(base: Base, *, progress: Progress | None = None, cache: Cache | None = None) -> tuple[Path, ...]:
    """Return the base's modules as files NAME.cil, sorted by name, converting them on all cores if need be.

    PROGRESS is called while they are converted. InputError if the base is a compiled policy,
    ToolFailedError if a module cannot be converted.
    """
    if base.compiled:
        raise InputError(f"{base.path} is a compiled policy: linking needs a folder of modules")
    key = digest("base", base.identity.sha256, stamp(PP))
    folder = (cache or open_cache()).fill("base", key, partial(_convert_all, base, progress))
    return tuple(sorted(folder.glob("*.cil")))


def _convert_all(base: Base, progress: Progress | None, folder: Path) -> None:
    done = 0

    def convert(module: BaseModule) -> None:
        nonlocal done
        _convert(module, folder / f"{module.name}.cil")
        done += 1  # a lost update would only cost a tick of the progress
        if progress:
            progress("converting the base policy", done, len(base.modules))

    # The largest take longest: they go first, so that the cores finish together.
    largest = sorted(base.modules, key=lambda module: module.path.stat().st_size, reverse=True)
    concurrently([partial(convert, module) for module in largest])


def _convert(module: BaseModule, out: Path) -> None:
    data = _unpacked(module.path)
    if not data.startswith(_PACKAGE_MAGIC):
        out.write_bytes(data)
        return
    if not PP.exists():
        raise missing("pp")
    try:
        run([PP, "-", out], input=data)
    except ToolFailedError as error:
        raise ToolFailedError(f"cannot convert the base's module {module.path}: {error}") from error


def _unpacked(path: Path) -> bytes:
    data = path.read_bytes()
    if not data.startswith(_BZ2):
        return data
    try:
        return bz2.decompress(data)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path} is not a whole bzip2 file") from error


def _modules(folder: Path) -> Iterator[BaseModule]:
    """Yield the modules of FOLDER, sorted by name; each file is read once, for its hash."""
    files = _stored(folder) or _plain(folder)
    for name, path in sorted(files.items()):
        if not is_identifier(name):
            raise InputError(f"{path}: {name!r} is not a module name")
        yield BaseModule(name, path, hashlib.sha256(path.read_bytes()).hexdigest())


def _plain(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        match = re.fullmatch(r"(?P<name>.+?)\.(?:pp|cil)(?:\.bz2)?", path.name)
        if match and path.is_file():
            if match["name"] in found:
                raise InputError(f"{path} and {found[match['name']].name} are the same module")
            found[match["name"]] = path
    return found


def _stored(folder: Path) -> dict[str, Path]:
    """Return the modules of a store, PRIORITY/NAME/{cil,hll}: the highest priority wins, disabled ones are out."""
    if folder.name.isdigit():
        priorities = [folder]
    else:
        priorities = sorted(
            (path for path in folder.iterdir() if path.name.isdigit() and path.is_dir()),
            key=lambda path: int(path.name),
        )
    found: dict[str, Path] = {}
    for priority in priorities:
        for module in priority.iterdir():
            # cil is semodule's own translation of hll; a store that has dropped it has hll alone.
            path = next((module / part for part in ("cil", "hll") if (module / part).is_file()), None)
            if path:
                found[module.name] = path
    disabled = (
        {module.name for module in (folder / "disabled").iterdir()} if (folder / "disabled").is_dir() else set()
    )
    return {name: path for name, path in found.items() if name not in disabled}


def _compiled(path: Path) -> Base:
    data = path.read_bytes()
    if not data.startswith(_POLICY_MAGIC):
        raise InputError(f"{path} is neither a folder of modules nor a compiled policy")
    return Base(BasePolicy(path.name, "", hashlib.sha256(data).hexdigest()), path)


def _name(path: Path) -> str:
    """Name the policy: the folder's. For a store it is the folder above active/modules."""
    parts = [part for part in path.resolve().parts if part not in {"active", "modules", "/"} and not part.isdigit()]
    known = [part for part in parts if part in _OWNERS]
    return known[0] if known else (parts[-1] if parts else "base")


def _version(path: Path) -> str:
    """Return the version of the package that a system's own base comes from; "" for any other folder."""
    name = _name(path)
    if name not in _OWNERS or path not in _FOLDERS:
        return ""
    for query in (
        ["dpkg-query", "-W", "-f", "${Version}", _OWNERS[name]],
        ["rpm", "-q", "--qf", "%{VERSION}-%{RELEASE}", _OWNERS[name]],
    ):
        try:
            return run(query).text.strip()
        except PolicytoolError:
            continue  # not this distribution's way
    return ""


def stamp(program: Path) -> str:
    """Return a text that changes when PROGRAM is upgraded."""
    try:
        status = program.stat()
    except OSError:
        return ""
    return f"{program}:{status.st_size}:{status.st_mtime_ns}"
