# SPDX-License-Identifier: GPL-2.0-or-later
"""Modules in folders, linked with the base without a flaw, and the evidence beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from policytool.check.file_contexts import filecons
from policytool.check.findings import ModuleSource, Severity
from policytool.check.link_findings import declared_names
from policytool.errors import InputError, UsageError
from policytool.generate.writers.cil import FILE_KINDS
from policytool.generate.writers.evidence import FILE_NAME, EvidenceError, ModuleEvidence, read_evidence
from policytool.model.context import SecurityContext
from policytool.model.module import FileContext
from policytool.policy.compiled import CompiledPolicy
from policytool.toolchain.base import Base
from policytool.toolchain.build import Build, build
from policytool.toolchain.link import Linked


def build_whole(folders: Sequence[Path], base: Base, *, neverallow: bool = True) -> tuple[Build, Linked]:
    """Compile and link the modules in FOLDERS; raise InputError when one of them has an error.

    NEVERALLOW: a rule that a neverallow rule of the base forbids is one.
    """
    built = build(folders, base, neverallow=neverallow)
    first = next((one for one in built.findings if one.severity is Severity.ERROR), None)
    if first or built.linked is None:
        place = f"{first.file}:{first.line}: {first.message}" if first else ", ".join(map(str, folders))
        raise InputError(f"{place}; policytool check says more")
    return built, built.linked


def declared_types(built: Build, policy: CompiledPolicy) -> frozenset[str]:
    """Return the types that the modules of BUILT, linked into POLICY, declare."""
    return declared_names(module.cil for one in built.formats for module in one.modules) & policy.types


def declared_by(built: Build, policy: CompiledPolicy) -> Mapping[str, str]:
    """Return the types that modules of BUILT, linked into POLICY, declare, and the domain its module is about.

    Only evidence says what a module is about; one without any is left out.
    """
    by_module = {file.module: file.domain for file in evidence_files(built.sources)}
    return {
        type_: by_module[module.source.name]
        for one in built.formats
        for module in one.modules
        if module.source.name in by_module
        for type_ in declared_names([module.cil]) & policy.types
    }


def subjects(built: Build, policy: CompiledPolicy) -> frozenset[str]:
    """Return the types that the modules of BUILT, linked into POLICY, are about.

    Those are the types that a module declares and the domain that its evidence names. Raise UsageError for a
    module that has neither.
    """
    by_module = {file.module: file.domain for file in evidence_files(built.sources)}
    found: set[str] = set(by_module.values())
    for one in built.formats:
        for module in one.modules:
            declared = declared_names([module.cil]) & policy.types
            if not declared and module.source.name not in by_module:
                name = module.source.name
                raise UsageError(f"{name} declares no type and has no {FILE_NAME}; name its domain with -d TYPE")
            found |= declared
    return frozenset(found)


def evidence_files(sources: Iterable[ModuleSource]) -> tuple[ModuleEvidence, ...]:
    """Read the evidence beside each of SOURCES that has any; InputError when it cannot be read."""
    found = []
    for folder in sorted({Path(file.path).parent for one in sources if (file := one.te or one.cil)}):
        path = folder / FILE_NAME
        if path.exists():
            try:
                found.append(read_evidence(path.read_text(encoding="utf-8")))
            except (OSError, UnicodeDecodeError, EvidenceError) as error:
                raise InputError(f"{path}: {error}; generate the module again") from error
    return tuple(found)


def file_contexts(built: Build) -> tuple[FileContext, ...]:
    """Return the file contexts of the modules of BUILT, but for those that give no label."""
    kinds = {name: kind for kind, name in FILE_KINDS.items()}
    found = set()
    for one in built.formats:
        for module in one.modules:
            for entry in filecons(module.cil):
                if entry.context:
                    found.add(FileContext(entry.pattern, kinds[entry.kind], SecurityContext.parse(entry.context)))
    return tuple(sorted(found))
