# SPDX-License-Identifier: GPL-2.0-or-later
"""Link failures as findings at lines of the user's own files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from policytool.check.compile_errors import line_of
from policytool.check.file_contexts import filecons, place
from policytool.check.findings import Finding, ModuleSource
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
    failures: Iterable[LinkFailure], modules: Mapping[str, LinkedModule], declared: frozenset[str]
) -> Iterator[Finding]:
    """Turn FAILURES of linking MODULES into findings; DECLARED are all names of the base and the modules."""
    for failure in failures:
        if failure.kind is FailureKind.UNRESOLVED:
            yield from _unresolved(failure, modules, declared)
            continue
        module, statement = _culprit(failure, modules)
        file, line = _place(failure, module, statement)
        yield Finding(
            file=file,
            line=line,
            id=_IDS.get(failure.kind, "E-link"),
            module=module.source.name if module else failure.module,
            message=printable(failure.message, _LIMIT),
            hint=_HINTS.get(failure.kind, ""),
        )


def _unresolved(
    failure: LinkFailure, modules: Mapping[str, LinkedModule], declared: frozenset[str]
) -> Iterator[Finding]:
    """Name all that is missing: secilc stops at the first, but pp's requirements tell the others."""
    hint = _HINTS[FailureKind.UNRESOLVED]
    missing = False
    for name, module in sorted(modules.items()):
        for statement, required in _requirements(module.cil):
            if required not in declared:
                missing = True
                file, line = _place(failure, module, statement)
                message = f"{required} is required, but neither the base nor the modules declare it"
                yield Finding(file, line, "E-link", name, message, hint)
    failed_module, statement = _culprit(failure, modules)
    if missing and _REQUIRED.match(statement):
        return
    file, line = _place(failure, failed_module, statement)
    unknown = [name for name in dict.fromkeys(_operands(statement)) if name not in declared]
    cause = f": not declared: {', '.join(unknown)}" if unknown else ""
    message = printable(f"{failure.message}{cause}: {statement}" if statement else failure.message, _LIMIT)
    yield Finding(file, line, "E-link", failure.module, message, hint)


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
    source = module.source
    if not module.expanded and source.cil:
        exact = failure.line if failure.module == source.name else 0
        return source.cil.path, exact or line_of(source.cil.text, statement)
    if source.fc and (entries := filecons(statement)):
        return place(source, entries[0])
    return (source.te.path, statement_line(module.expanded, statement)) if source.te else ("", 0)
