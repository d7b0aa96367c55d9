# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of a module's source alone, and their registry: a new check is a function and a line of CHECKS."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from policytool.check.findings import Finding, ModuleSource, SourceFile, sorted_findings
from policytool.model.printable import printable

_POLICY_MODULE = re.compile(r"^\s*policy_module\(\s*(?P<name>[^,)\s]*)\s*(?P<version>,\s*[^)\s]+)?\s*\)")
_MODULE = re.compile(r"^\s*module\s+(?P<name>\S+)\s+(?P<version>[^;\s]+)\s*;")
_TE_PERMISSIVE = re.compile(r"^\s*permissive\s+(?P<type>[^;\s]+)\s*;")
_CIL_PERMISSIVE = re.compile(r"\(\s*typepermissive\s+(?P<type>[^)\s]+)\s*\)")
_MEMORY = re.compile(r"\b(?P<perm>execmem|execstack|execheap|execmod)\b")
_TE_ALLOW = re.compile(r"^\s*allow\s")
_CIL_ALLOW = re.compile(r"\(\s*allow\s")
_TE_TYPE = re.compile(r"^\s*type\s+(?P<type>[\w.-]+)\s*[;,]")
_CIL_TYPE = re.compile(r"\(\s*type\s+(?P<type>[\w.-]+)\s*\)")
# What a module requires is declared elsewhere; the braces of class permissions may stand inside.
_REQUIRE = re.compile(r"gen_require\(`[^']*'\)|\brequire\s*\{(?:[^{}]|\{[^{}]*\})*\}")
_WORD = re.compile(r"[A-Za-z][\w.-]*")
# What pp and our own CIL writer add to every type declaration: not a use.
_CIL_OBJECT_ROLE = re.compile(r"\(\s*roletype\s+object_r\s+[\w.-]+\s*\)")


def lint(source: ModuleSource, base_modules: Iterable[str] = ()) -> tuple[Finding, ...]:
    """Run every check over SOURCE; BASE_MODULES are the names of the base's modules.

    What is true of both forms of a module is told of its .te alone.
    """
    names = frozenset(base_modules)
    return sorted_findings(_told_once(source, [finding for check in CHECKS for finding in check(source, names)]))


def _told_once(source: ModuleSource, found: list[Finding]) -> Iterator[Finding]:
    of_te = {(finding.id, finding.message) for finding in found if source.te and finding.file == source.te.path}
    for finding in found:
        if not (source.cil and finding.file == source.cil.path and (finding.id, finding.message) in of_te):
            yield finding


def code_lines(file: SourceFile) -> Iterator[tuple[int, str]]:
    """Yield (line number, line without comment) of FILE."""
    mark = ";" if file.path.endswith(".cil") else "#"
    for number, line in enumerate(file.text.splitlines(), 1):
        yield number, line.split(mark, 1)[0]


def _matches(file: SourceFile | None, pattern: re.Pattern[str]) -> Iterator[tuple[int, re.Match[str]]]:
    for number, line in code_lines(file) if file else ():
        for match in pattern.finditer(line):
            yield number, match


def check_name(source: ModuleSource, base_modules: frozenset[str]) -> Iterator[Finding]:
    """E-name: installing the module would replace a module of the base, or its name is not its file's."""
    main = source.te or source.cil
    if main and source.name in base_modules:
        yield Finding(
            file=main.path,
            line=0,
            id="E-name",
            module=source.name,
            message=f"the base has a module {source.name}, which this one would replace",
            hint="choose a name that the base does not have",
        )
    for number, match in (*_matches(source.te, _POLICY_MODULE), *_matches(source.te, _MODULE)):
        if source.te and match["name"] != source.name:
            yield Finding(
                file=source.te.path,
                line=number,
                id="E-name",
                module=source.name,
                message=f"the file {source.name}.te declares the module {printable(match['name'], 80)}",
                hint="give both the same name",
            )


def check_version(source: ModuleSource, _base: frozenset[str]) -> Iterator[Finding]:
    """W-version: policy_module without a version, which older build trees refuse."""
    for number, match in _matches(source.te, _POLICY_MODULE):
        if source.te and not match["version"]:
            hint = f"write policy_module({source.name}, 1.0.0)"
            yield Finding(source.te.path, number, "W-version", source.name, "policy_module has no version", hint)


def check_permissive(source: ModuleSource, _base: frozenset[str]) -> Iterator[Finding]:
    """W-permissive: a domain to which nothing is denied."""
    for file, pattern in ((source.te, _TE_PERMISSIVE), (source.cil, _CIL_PERMISSIVE)):
        for number, match in _matches(file, pattern):
            if file:
                message = f"{printable(match['type'], 80)} is permissive: nothing is denied to it"
                hint = "remove the statement once the rules are complete"
                yield Finding(file.path, number, "W-permissive", source.name, message, hint)


def check_memory(source: ModuleSource, _base: frozenset[str]) -> Iterator[Finding]:
    """W-memory: execmem and its kin, which make an exploited memory error a running program."""
    for file, allow in ((source.te, _TE_ALLOW), (source.cil, _CIL_ALLOW)):
        for number, line in code_lines(file) if file else ():
            match = _MEMORY.search(line)
            if file and match and allow.search(line):
                message = f"the rule grants {match['perm']}"
                hint = "often it is asked for and not needed: try the daemon without it"
                yield Finding(file.path, number, "W-memory", source.name, message, hint)


def check_unused_type(source: ModuleSource, _base: frozenset[str]) -> Iterator[Finding]:
    """W-unused-type: a declaration that no other statement of the module names."""
    others = [file.text for file in (source.fc, source.if_) if file]
    for file, pattern in ((source.te, _TE_TYPE), (source.cil, _CIL_TYPE)):
        if not file:
            continue
        required = _REQUIRE.sub(lambda match: "\n" * match[0].count("\n"), file.text)
        own = SourceFile(file.path, required)
        code = _CIL_OBJECT_ROLE.sub("", "\n".join(line for _, line in code_lines(own)))
        words = Counter(_WORD.findall("\n".join([code, *(others if file is source.te else ())])))
        # Dots are legal in names, so a name that ends a sentence is not told from one with a dot: harmless.
        for number, match in _matches(own, pattern):
            if words[match["type"]] == 1:
                message = f"the type {match['type']} is declared and never used"
                yield Finding(file.path, number, "W-unused-type", source.name, message, "remove it, or use it")


Check = Callable[[ModuleSource, frozenset[str]], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (check_name, check_version, check_permissive, check_memory, check_unused_type)
