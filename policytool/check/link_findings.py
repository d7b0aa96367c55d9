# SPDX-License-Identifier: GPL-2.0-or-later
"""Link failures as findings at lines of the user's own files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from policytool.check.compile_errors import line_of
from policytool.check.file_contexts import filecons, place
from policytool.check.findings import Finding, ModuleSource
from policytool.check.known_names import KnownNames
from policytool.check.link_errors import FailureKind, LinkFailure
from policytool.check.locate import statement_line
from policytool.model.printable import printable

_IDS = {
    FailureKind.SYNTAX: "E-compile",
    FailureKind.NEVERALLOW: "E-neverallow",
    FailureKind.DUPLICATE: "E-duplicate",
    FailureKind.FILECON: "E-filecon",
}
_HINTS = {
    FailureKind.NEVERALLOW: "the base forbids this on purpose: find the interface or attribute meant for it",
    FailureKind.DUPLICATE: "require it with gen_require instead (in CIL: leave the declaration out)",
    FailureKind.UNRESOLVED: "declare it, correct the name, or put what needs it into an optional block",
    FailureKind.CONFLICT: "for one source, target and class there can be one new type",
    FailureKind.BOUNDS: "a bounded type may do no more than its parent: grant it to the parent too",
}
_DECLARATION = re.compile(
    r"\((?:type|typeattribute|typealias|role|roleattribute|class|common|boolean|tunable|user|sensitivity|category"
    r"|classpermission|block|macro|level|levelrange|classmap)\s+([\w.-]+)"
)
_NAME = re.compile(r"[A-Za-z][\w.-]*")
_REQUIRED = re.compile(r"^\((?:type|role)attributeset cil_gen_require (?P<name>[\w.-]+)\)$")
# How long a quoted rule may get in a message.
_LIMIT = 400


@dataclass(frozen=True, slots=True)
class LinkedModule:
    """A module as it was linked: its source, its CIL, and m4's expanded text ("" where CIL is the source)."""

    source: ModuleSource
    cil: str
    expanded: str = ""


def declared_names(texts: Iterable[str]) -> frozenset[str]:
    """Return every name that CIL TEXTS declare."""
    return frozenset(name for text in texts for name in _DECLARATION.findall(text))


def link_findings(
    failures: Iterable[LinkFailure], modules: Mapping[str, LinkedModule], known: KnownNames
) -> Iterator[Finding]:
    """Turn FAILURES of linking MODULES into findings; KNOWN has all names of the base and the modules."""
    for failure in failures:
        if failure.kind is FailureKind.UNRESOLVED:
            yield from _unresolved(failure, modules, known)
            continue
        module, statement = _culprit(failure, modules)
        file, line = _place(failure, module, statement)
        unknown = _undeclared(statement, known) if failure.kind is FailureKind.FILECON else []
        hint = _HINTS.get(failure.kind, "")
        if unknown:
            hint = known.nearest(unknown[0]) or "declare it, or correct the name"
        yield Finding(
            file=file,
            line=line,
            id=_IDS.get(failure.kind, "E-link"),
            module=module.source.name if module else failure.module,
            message=printable(failure.message + _named(unknown), _LIMIT),
            hint=hint,
        )


def _unresolved(failure: LinkFailure, modules: Mapping[str, LinkedModule], known: KnownNames) -> Iterator[Finding]:
    """Name all that is missing: secilc stops at the first, but pp's requirements tell the others."""
    missing = False
    for name, module in sorted(modules.items()):
        for statement, required in _requirements(module.cil):
            if required not in known.declared:
                missing = True
                file, line = _place(failure, module, statement)
                yield _required(required, name, file, line, known)
    failed_module, statement = _culprit(failure, modules)
    if missing and _REQUIRED.match(statement):
        return
    file, line = _place(failure, failed_module, statement)
    unknown = _undeclared(statement, known)
    message = f"{failure.message}{_named(unknown)}: {statement}" if statement else failure.message
    near = known.nearest(unknown[0]) if unknown else ""
    hint = near or _HINTS[FailureKind.UNRESOLVED]
    yield Finding(file, line, "E-link", failure.module, printable(message, _LIMIT), hint)


def unknown_requirements(
    source: ModuleSource, cil: str, known: KnownNames, found: Iterable[Finding]
) -> Iterator[Finding]:
    """Yield what CIL requires and KNOWN lacks; it is of SOURCE without what the compiler FOUND."""
    said = " ".join(finding.message for finding in found)
    for _, name in _requirements(cil):
        if source.te and name not in known.declared and not re.search(rf"\b{re.escape(name)}\b", said):
            yield _required(name, source.name, source.te.path, line_of(source.te.text, name), known)


def _required(name: str, module: str, file: str, line: int, known: KnownNames) -> Finding:
    message = f"{name} is required, but neither the base nor the modules declare it"
    return Finding(file, line, "E-link", module, message, known.nearest(name) or _HINTS[FailureKind.UNRESOLVED])


def _undeclared(statement: str, known: KnownNames) -> list[str]:
    return [name for name in dict.fromkeys(_operands(statement)) if name not in known.declared]


def _named(unknown: Sequence[str]) -> str:
    return f": not declared: {', '.join(unknown)}" if unknown else ""


def _requirements(cil: str) -> Iterator[tuple[str, str]]:
    """Yield (statement, name) of the requirements outside optional blocks in the CIL of pp."""
    depth = 0
    for line in cil.splitlines():
        if depth == 0 and (match := _REQUIRED.match(line.strip())):
            yield line.strip(), match["name"]
        depth += line.count("(") - line.count(")")


def _operands(statement: str) -> Iterator[str]:
    """Yield the names of a statement that must be declared: not its keyword, not an allow's permissions."""
    names = [name for name in _NAME.findall(statement)[1:] if name not in {"self", "cil_gen_require"}]
    if filecon := filecons(statement):
        # user:role:type; levels are of the base.
        yield from (name for entry in filecon for name in entry.context.split(":")[:3])
        return
    yield from names[:3] if statement.startswith(("(allow", "(dontaudit", "(auditallow")) else names


def _culprit(failure: LinkFailure, modules: Mapping[str, LinkedModule]) -> tuple[LinkedModule | None, str]:
    """Return the module that FAILURE is about, if it is one of ours, and the statement."""
    module = modules.get(failure.module)
    if module and failure.line:
        lines = module.cil.splitlines()
        if failure.line <= len(lines):
            return module, lines[failure.line - 1].strip()
    if failure.kind in {FailureKind.DUPLICATE, FailureKind.SYNTAX}:
        # secilc names the base's declaration, or no place at all.
        for other in modules.values():
            for line in other.cil.splitlines():
                words = _NAME.findall(line)
                if failure.statement in words[:2] and (
                    failure.kind is FailureKind.SYNTAX or _DECLARATION.match(line)
                ):
                    return other, line.strip()
    return module, failure.statement


def _place(failure: LinkFailure, module: LinkedModule | None, statement: str) -> tuple[str, int]:
    if module is None:
        return "", 0
    return statement_place(module, statement, failure.line if failure.module == module.source.name else 0)


def statement_place(module: LinkedModule, statement: str, line: int = 0) -> tuple[str, int]:
    """Return file and line of the source that STATEMENT, at LINE (0: unknown) of MODULE's CIL, comes from."""
    source = module.source
    if not module.expanded and source.cil:
        if source.cil.path.endswith(".pp"):
            # A package has no lines.
            return source.cil.path, 0
        return source.cil.path, line or line_of(source.cil.text, statement)
    if source.fc and (entries := filecons(statement)):
        return place(source, entries[0])
    return (source.te.path, statement_line(module.expanded, statement)) if source.te else ("", 0)
