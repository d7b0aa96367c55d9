# SPDX-License-Identifier: GPL-2.0-or-later
"""The modules in folders: NAME.te with NAME.if and NAME.fc, and NAME.cil; NAME.pp where neither is there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from policytool.check.findings import Finding, ModuleSource, SourceFile
from policytool.errors import InputError
from policytool.model.context import is_identifier
from policytool.toolchain.base import PP
from policytool.toolchain.headers import headers_folder
from policytool.toolchain.run import missing, run

_SUFFIXES = frozenset((".te", ".cil", ".pp"))

# A call of an interface, which stands at the beginning of a line.
_CALL = re.compile(r"^[ \t]*([a-z]\w*)\(", re.MULTILINE | re.ASCII)

# A policy module of a distribution has at most some 100 kB; more is not a module.
_MAX_BYTES = 16 * 1024 * 1024


def find_sources(folders: Sequence[Path]) -> tuple[tuple[ModuleSource, ...], tuple[Finding, ...]]:
    """Return the modules in FOLDERS, sorted by name, and an E-name for each name that comes twice.

    A folder holds modules itself, or its sub-folders do; the file of a module stands for that module. InputError
    for a folder without any, or a bad file name.
    """
    found: dict[str, ModuleSource] = {}
    findings = []
    for folder in folders:
        sources = _of_file(folder) if folder.is_file() else _in_folder(folder)
        if not sources and folder.is_dir():
            for child in sorted(entry for entry in folder.iterdir() if entry.is_dir() and entry.name[0] != "."):
                sources += _in_folder(child)
        if not sources:
            raise InputError(f"{folder} holds no policy module (NAME.te, NAME.cil or NAME.pp)")
        for source in sources:
            main = source.te or source.cil
            if source.name in found and found[source.name] != source and main:
                message = f"there are two modules {source.name}; this one was not checked"
                findings.append(Finding(main.path, 0, "E-name", source.name, message, "rename one of them"))
            else:
                found[source.name] = source
    return tuple(source for _, source in sorted(found.items())), tuple(findings)


def interfaces_beside(sources: Sequence[ModuleSource], headers: Path | None = None) -> tuple[SourceFile, ...]:
    """Return the .if files that SOURCES call and that are of none of them.

    As refpolicy has it, the interfaces of a module NAME are called NAME_…: NAME.if is looked for in the folder of
    the module, and in NAME beside that. What the HEADERS (None: the distribution's) have is not looked for.
    """
    names = {source.name for source in sources} | {path.stem for path in headers_folder(headers).glob("*/*.if")}
    found: dict[str, SourceFile] = {}
    for source in sources:
        if source.te is None or not Path(source.te.path).is_file():
            continue
        folder = Path(source.te.path).resolve().parent
        for name in sorted(called_modules(source) - names - found.keys()):
            if file := _read(folder / f"{name}.if") or _read(folder.parent / name / f"{name}.if"):
                found[name] = file
    return tuple(found.values())


def called_modules(source: ModuleSource) -> frozenset[str]:
    """Return the names that modules may have whose interfaces SOURCE calls: for a_b_c these are a and a_b."""
    calls = frozenset(_CALL.findall(source.te.text)) if source.te else frozenset()
    return frozenset(call[:end] for call in calls for end, letter in enumerate(call) if letter == "_" and end)


def _of_file(file: Path) -> list[ModuleSource]:
    if file.suffix not in _SUFFIXES:
        raise InputError(f"{file} is no policy module (NAME.te, NAME.cil or NAME.pp)")
    source = next(source for source in _in_folder(file.parent) if source.name == file.stem)
    if file.suffix == ".cil":
        return [ModuleSource(source.name, cil=source.cil)]
    if file.suffix == ".pp":
        return [ModuleSource(source.name, cil=_read_package(file))]
    return [ModuleSource(source.name, te=source.te, if_=source.if_, fc=source.fc)]


def _in_folder(folder: Path) -> list[ModuleSource]:
    try:
        names = sorted({path.stem for path in folder.iterdir() if path.suffix in _SUFFIXES and path.is_file()})
    except OSError as error:
        raise InputError(f"cannot read {folder}: {error.strerror}") from error
    for name in names:
        if not is_identifier(name):
            raise InputError(f"{folder}: {name!r} cannot be the name of a policy module")
    return [
        ModuleSource(
            name,
            te=_read(folder / f"{name}.te"),
            if_=_read(folder / f"{name}.if"),
            fc=_read(folder / f"{name}.fc"),
            cil=_read(folder / f"{name}.cil") or _package(folder / name),
        )
        for name in names
    ]


def _package(stem: Path) -> SourceFile | None:
    """Return the CIL of STEM.pp, a compiled module, if it is all that there is of the module."""
    package = stem.with_name(f"{stem.name}.pp")
    if stem.with_name(f"{stem.name}.te").exists() or not package.exists():
        return None
    return _read_package(package)


def _read_package(package: Path) -> SourceFile:
    if not PP.exists():
        raise missing("pp")
    try:
        done = run([PP, package, "-"], ok=(0, 1, 255))
    except OSError as error:
        raise InputError(f"cannot read {package}: {error.strerror}") from error
    if done.status:
        said = done.messages.strip().splitlines() or ["no message"]
        raise InputError(f"{package} is no policy package: {said[-1]}")
    return SourceFile(str(package), done.stdout.decode("utf-8", "surrogateescape"))


def _read(path: Path) -> SourceFile | None:
    try:
        if not path.exists():
            return None
        if path.stat().st_size > _MAX_BYTES:
            raise InputError(f"{path} is too large for a policy module")
        # Old modules have comments in Latin-1: surrogates carry such bytes through to the compiler.
        return SourceFile(str(path), path.read_bytes().decode("utf-8", "surrogateescape"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
