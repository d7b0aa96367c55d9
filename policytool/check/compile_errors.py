# SPDX-License-Identifier: GPL-2.0-or-later
"""What m4, checkmodule and pp say when a refpolicy module does not compile, as findings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath

from policytool.check.findings import Finding, ModuleSource, SourceFile
from policytool.check.known_names import NOTHING_KNOWN, KnownNames
from policytool.check.lints import check_name
from policytool.model.printable import printable

# checkmodule's yyerror2(): FILE:LINE:ERROR 'MESSAGE' at token 'TOKEN' on line N: -- the message may hold a newline.
_CHECKMODULE = re.compile(
    r"^(?P<file>[^\s:]+):(?P<line>\d+):ERROR '(?P<message>[^']*)' at token '(?P<token>[^\n]*)' on line \d+:",
    re.MULTILINE,
)
_M4 = re.compile(r"^\S*m4:(?P<file>[^\s:]+):(?P<line>\d+): (?:ERROR|Error|error): (?P<message>.*)$", re.MULTILINE)
# pp on the .fc file that is part of the package (libsepol/src/module_to_cil.c).
_PP_FILECON = re.compile(
    r"^Invalid (?:context|mode in file context line|\w+ in file context.*?): (?P<text>.*)$", re.M
)
_OTHER = re.compile(r"^\S*checkmodule: +(?P<message>(?!error\(s\) encountered|loading policy).*)$", re.MULTILINE)
_UNKNOWN = re.compile(
    r"unknown (?P<kind>type|class|role|boolean) (?P<name>[\w.-]+)|attribute (?P<attribute>[\w.-]+) is not declared"
)
_MACRO = re.compile(r"[a-z][a-z0-9_]*_[a-z0-9_]+")


def compile_findings(
    source: ModuleSource,
    messages: str,
    neighbours: Iterable[SourceFile] = (),
    known: KnownNames = NOTHING_KNOWN,
) -> tuple[Finding, ...]:
    """Read MESSAGES, the standard error of m4, checkmodule or pp; at least one finding comes back.

    NEIGHBOURS are the other modules' files that were compiled along, KNOWN the names that a misspelt one may mean.
    """
    every = (*neighbours, source.te, source.if_, source.fc)
    files = {PurePath(file.path).name: file.path for file in every if file}
    main = source.te.path if source.te else ""
    found: list[Finding] = []
    for match in (*_M4.finditer(messages), *_CHECKMODULE.finditer(messages)):
        token = match.groupdict().get("token") or ""
        message = " ".join(match["message"].split())
        name = PurePath(match["file"]).name
        found.append(
            Finding(
                file=files.get(name, name),
                line=int(match["line"]),
                id="E-duplicate" if message.startswith("Duplicate declaration") else "E-compile",
                module=source.name,
                message=printable(f"{message} at '{token}'" if token else message, 200),
                hint=_hint(message, token, source, known),
            )
        )
    for match in _PP_FILECON.finditer(messages):
        place = source.fc.path if source.fc else main
        text = match["text"].split()
        line = line_of(source.fc.text, text[0]) if source.fc and text else 0
        message = printable(match[0], 200)
        found.append(Finding(place, line, "E-filecon", source.name, message, "see file_contexts(5)"))
    if "is different than the output base filename" in messages:
        found.extend(check_name(source, frozenset()))
    if not found:
        lines = [match["message"] for match in _OTHER.finditer(messages)] or messages.strip().splitlines()[-1:]
        text_ = printable(" ".join(lines), 300) or "the compiler failed without a message"
        found.append(Finding(main, 0, "E-compile", source.name, text_))
    return tuple(found)


def line_of(text: str, words: str) -> int:
    """Return the number of the first line of TEXT that holds WORDS, 0 if none does."""
    for number, line in enumerate(text.splitlines(), 1):
        if words in line:
            return number
    return 0


def _hint(message: str, token: str, source: ModuleSource, known: KnownNames) -> str:
    if message == "syntax error" and _MACRO.fullmatch(token):
        near = known.nearest(token, interface=True) or "a misspelt name, or a module of a newer policy"
        return f"the policy headers have no interface {token}: {near}"
    if unknown := _UNKNOWN.match(message):
        kind, name = unknown["kind"] or "attribute", unknown["name"] or unknown["attribute"]
        if kind == "class" and source.te and "policy_module(" not in source.te.text:
            return "begin with policy_module(NAME, VERSION) instead of `module`: it requires the kernel's classes"
        if name in known.declared:
            return f"name it in gen_require(`{kind} {name}...'): the module {known.declared[name]} declares it"
        return known.nearest(name) or f"declare it, or name it in gen_require(`{kind} ...;')"
    if "end of file in string" in message:
        return "a quote ` has no closing '"
    if "no module specification" in message:
        return "the first statement must be policy_module(NAME, VERSION)"
    return ""
