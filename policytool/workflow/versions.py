# SPDX-License-Identifier: GPL-2.0-or-later
"""The version of a module that is made again: it grows when what is loaded is another than before."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from policytool.check.findings import ModuleSource, SourceFile
from policytool.errors import MissingToolError
from policytool.generate.candidate import Candidate
from policytool.generate.shared_module import SharedModule
from policytool.model.profile import ModuleFormat
from policytool.policy.canonical_cil import canonical_statements
from policytool.toolchain.compile import Compiled, compile_refpolicy
from policytool.toolchain.sources import find_sources, interfaces_beside

# As our writers have it: policy_module(NAME, VERSION), and the first comment of the CIL form.
_VERSION = re.compile(r"^(?:policy_module\([\w.-]+, *|; [\w.-]+ )(\d+)\.(\d+)\.(\d+)(?=\)|:)", re.MULTILINE)


FIRST = "1.0.0"


def version_of(source: ModuleSource) -> str:
    """Return the version that SOURCE says, the first one where it says none."""
    main = source.te or source.cil
    match = _VERSION.search(main.text) if main else None
    return ".".join(match.groups()) if match else FIRST


@dataclass(frozen=True, slots=True)
class Versioned:
    """A candidate with its version, and its files, name to text."""

    candidate: Candidate
    files: Mapping[str, str]


def shared_module(made: Sequence[Candidate], above: Path) -> SharedModule | None:
    """Return the module of which the forms of MADE call the interface, with its version; None: they call none.

    The version is that of the one in ABOVE that it replaces, or the next minor one if the interface says another
    thing.
    """
    module = next((candidate.form.shared for candidate in made if candidate.form and candidate.form.shared), None)
    if module is None:
        return None
    before = _source_in(above / module.name, module.name)
    match = _VERSION.search(before.te.text) if before and before.te else None
    if before is None or match is None:
        return module
    same = before.if_ is not None and _bare(before.if_) == _bare(_interfaces(module))
    major, minor, patch = match.groups()
    return replace(module, version=f"{major}.{minor}.{patch}" if same else f"{major}.{int(minor) + 1}.0")


def _interfaces(module: SharedModule) -> SourceFile:
    name = f"{module.name}.if"
    return SourceFile(name, module.files()[name])


def versioned(
    candidate: Candidate, folder: Path, language: ModuleFormat, beside: SharedModule | None = None
) -> Versioned:
    """Return CANDIDATE with the version of the module in FOLDER that it replaces, or with the next minor one.

    It is the next one if what is loaded differs: the statements of the compiled modules, file contexts among them,
    not comments, reasons or interfaces. BESIDE is the module whose interface it may call. What cannot be compared
    (no longer compiles, was another form) differs.
    InputError: FOLDER cannot be read.
    """
    before = _source_in(folder, candidate.module.name)
    main = before and (before.te or before.cil)
    match = _VERSION.search(main.text) if main else None
    if before is None or match is None:
        return Versioned(candidate, candidate.files(language))
    kept = _with(candidate, ".".join(match.groups()))
    files = kept.files(language)
    if _same(before, files, (_interfaces(beside),) if beside else ()):
        return Versioned(kept, files)
    major, minor, _ = match.groups()
    grown = _with(candidate, f"{major}.{int(minor) + 1}.0")
    return Versioned(grown, grown.files(language))


def _source_in(folder: Path, name: str) -> ModuleSource | None:
    if not any((folder / f"{name}{ending}").exists() for ending in (".te", ".cil")):
        return None
    sources, _ = find_sources([folder])
    return next((source for source in sources if source.name == name), None)


def _with(candidate: Candidate, version: str) -> Candidate:
    form = candidate.form and replace(candidate.form, module=replace(candidate.form.module, version=version))
    return replace(candidate, module=replace(candidate.module, version=version), form=form)


def _same(before: ModuleSource, after: Mapping[str, str], beside: Sequence[SourceFile]) -> bool:
    """Say whether each form among the files AFTER, which may call what is BESIDE, is loaded as it was before."""
    name = before.name
    files = {file: SourceFile(file, text) for file, text in after.items()}
    now = ModuleSource(name, files.get(f"{name}.te"), None, files.get(f"{name}.fc"), files.get(f"{name}.cil"))
    forms = []
    if before.te and now.te:
        around = interfaces_beside([before])
        written = _bare(before.te, before.fc, *around) == _bare(now.te, now.fc, *beside)
        forms.append(written or _equal(name, _compiled(before, around), _compiled(now, beside)))
    if before.cil and now.cil:
        written = _bare(before.cil) == _bare(now.cil)
        forms.append(written or _equal(name, before.cil.text, now.cil.text))
    return bool(forms) and all(forms)


def _bare(*files: SourceFile | None) -> list[str]:
    """Return the lines of FILES that are neither empty nor comments."""
    lines = (line.strip() for file in files if file for line in file.text.splitlines())
    return [line for line in lines if line and line[0] not in "#;"]


def _compiled(source: ModuleSource, beside: Sequence[SourceFile]) -> str:
    """Return the CIL of SOURCE, which may call what is BESIDE; "" where it does not compile, or nothing could."""
    try:
        compiled = compile_refpolicy(source, neighbours=beside)
    except MissingToolError:
        return ""
    return compiled.cil if isinstance(compiled, Compiled) else ""


def _equal(name: str, before: str, after: str) -> bool:
    return bool(before and after) and canonical_statements(name, before) == canonical_statements(name, after)
