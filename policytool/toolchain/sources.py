# SPDX-License-Identifier: GPL-2.0-or-later
"""The modules in folders: NAME.te with NAME.if and NAME.fc, and NAME.cil."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from policytool.check.findings import Finding, ModuleSource, SourceFile
from policytool.errors import InputError
from policytool.model.context import is_identifier

# A policy module of a distribution has at most some 100 kB; more is not a module.
_MAX_BYTES = 16 * 1024 * 1024


def find_sources(folders: Sequence[Path]) -> tuple[tuple[ModuleSource, ...], tuple[Finding, ...]]:
    """Return the modules in FOLDERS, sorted by name, and an E-name for each name that comes twice.

    A folder holds modules itself, or its sub-folders do. InputError for one without any, or a bad file name.
    """
    found: dict[str, ModuleSource] = {}
    findings = []
    for folder in folders:
        sources = _in_folder(folder)
        if not sources and folder.is_dir():
            for child in sorted(entry for entry in folder.iterdir() if entry.is_dir() and entry.name[0] != "."):
                sources += _in_folder(child)
        if not sources:
            raise InputError(f"{folder} holds no policy module (NAME.te or NAME.cil)")
        for source in sources:
            main = source.te or source.cil
            if source.name in found and found[source.name] != source and main:
                message = f"there are two modules {source.name}; this one was not checked"
                findings.append(Finding(main.path, 0, "E-name", source.name, message, "rename one of them"))
            else:
                found[source.name] = source
    return tuple(source for _, source in sorted(found.items())), tuple(findings)


def _in_folder(folder: Path) -> list[ModuleSource]:
    try:
        names = sorted(
            {path.stem for path in folder.iterdir() if path.suffix in {".te", ".cil"} and path.is_file()}
        )
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
            cil=_read(folder / f"{name}.cil"),
        )
        for name in names
    ]


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
