# SPDX-License-Identifier: GPL-2.0-or-later
"""Modules that call every macro of the headers, each for types of its own, through the real compilers.

What a call expands to stands between two comments, which m4 keeps. A call is left out, with the reason, where what
it grants would depend on more than the policy that it is linked with (an optional block, a condition), where it
does more than grant (roles, ranges, declarations), or where the compiler or the base does not know a name in it.
"""

from __future__ import annotations

import re
import tempfile
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

from policytool.errors import ToolFailedError
from policytool.toolchain.base import PP
from policytool.toolchain.headers import Headers
from policytool.toolchain.run import concurrently, missing, run

NAME = "policytool_probe"

# Calls in a module: the time of checkmodule and pp grows with the square of it.
_PART = 500

# checkmodule stops at its first error: each round may show one call to be left out.
_ROUNDS = 64

# The line of the first call in the source, and the lines of each: a comment, the call, a comment.
_FIRST, _LINES = 3, 3

_SEGMENT = re.compile(r"^# policytool begin (\d+)\n(.*?)^# policytool end\n", re.MULTILINE | re.DOTALL)
_WARNING = re.compile(rf"{NAME}\.te:(\d+): Warning")
_COMMENT = re.compile(r"#.*\n")
_REQUIRE = re.compile(r"\brequire\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_REQUIRED = re.compile(r"\b(?:type|attribute)\s+([\w\s,]+);")
_LINE = re.compile(r"on line (\d+)")
_GRANT = re.compile(r"\b(?:allow|type_transition|typeattribute)\s")
_PLAIN = re.compile(r"(?:allow|dontaudit)\s[^:]*:.*|type_transition\s.*|typeattribute\s.*", re.DOTALL)


class LeftOut(StrEnum):
    """Why a call of a macro is not probed."""

    DEPRECATED = "deprecated"
    NOTHING = "grants nothing"
    OPTIONAL = "has an optional block"
    CONDITIONAL = "has a condition"
    MORE = "does more than grant"
    OTHERS = "grants between other types"
    NOT_IN_BASE = "names what the base does not have"
    REFUSED = "does not compile"


@dataclass(frozen=True, slots=True)
class Probe:
    """A STATEMENT, a call of a macro, and the TYPES that are declared for it."""

    statement: str
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Probed:
    """The modules as CIL, by name, and the probes (by their place) that are in none, each with the reason."""

    cil: Mapping[str, str]
    left_out: Mapping[int, LeftOut]


def compile_probes(probes: Sequence[Probe], headers: Headers, known: Collection[str]) -> Probed:
    """Compile PROBES through HEADERS; KNOWN are the names that the base declares.

    ToolFailedError where a module is refused and the compiler does not say which call is to blame.
    """
    with tempfile.TemporaryDirectory(prefix="policytool-") as name:
        work = Path(name)
        (work / f"{NAME}.te").write_text(_source(probes), "utf-8")
        expanded = run(["m4", "-R", headers.source, f"{NAME}.te"], cwd=work)
        # m4 warns where a macro calls a deprecated one, with the line of the call.
        deprecated = {(int(line) - _FIRST) // _LINES for line in _WARNING.findall(expanded.messages)}
        text = expanded.text
        left_out: dict[int, LeftOut] = {}
        segments: dict[int, str] = {}
        for match in _SEGMENT.finditer(text):
            place, segment = int(match[1]), _COMMENT.sub("", match[2])
            reason = LeftOut.DEPRECATED if place in deprecated else _reason(segment, probes[place], known)
            if reason:
                left_out[place] = reason
            else:
                segments[place] = segment
        head = text[: text.find("# policytool begin")]
        every = list(segments.items())
        parts = [dict(every[start : start + _PART]) for start in range(0, len(every), _PART)]
        made = concurrently(
            [partial(_compile, f"{NAME}_{n}", head, probes, part, headers, work) for n, part in enumerate(parts)]
        )
    left_out |= {place: LeftOut.REFUSED for part in made for place in part.refused}
    return Probed({part.name: part.cil for part in made}, dict(sorted(left_out.items())))


def _source(probes: Sequence[Probe]) -> str:
    calls = "".join(
        f"# policytool begin {place}\n{probe.statement}\n# policytool end\n" for place, probe in enumerate(probes)
    )
    return f"policy_module({NAME}, 1.0.0)\n{calls}"


def _reason(segment: str, probe: Probe, known: Collection[str]) -> LeftOut | None:
    code = _REQUIRE.sub("", segment)
    if not _GRANT.search(code):
        return LeftOut.NOTHING
    if re.search(r"\boptional\s*\{", code):
        return LeftOut.OPTIONAL
    if re.search(r"\bif\s*\(", code):
        return LeftOut.CONDITIONAL
    statements = [statement.strip() for statement in code.split(";")]
    if not all(_PLAIN.fullmatch(statement) for statement in statements if statement):
        return LeftOut.MORE
    if not all(any(type_ in statement for type_ in probe.types) for statement in statements if statement):
        return LeftOut.OTHERS
    required = {
        name.strip()
        for block in _REQUIRE.findall(segment)
        for names in _REQUIRED.findall(block)
        for name in names.split(",")
    }
    return LeftOut.NOT_IN_BASE if required - set(probe.types) - set(known) else None


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    cil: str
    refused: tuple[int, ...]


def _compile(
    name: str, head: str, probes: Sequence[Probe], segments: dict[int, str], headers: Headers, work: Path
) -> _Part:
    """Make a module of SEGMENTS, without what checkmodule refuses."""
    flags = ["-M"] if headers.mls else []
    head = head.replace(f"module {NAME} ", f"module {name} ")
    refused: list[int] = []
    for _ in range(_ROUNDS):
        parts, starts, lines = [head], [], head.count("\n")
        for place, segment in segments.items():
            starts.append((lines + 1, place))
            parts.append("".join(f"type {type_};\n" for type_ in probes[place].types) + segment + "\n")
            lines += parts[-1].count("\n")
        (work / f"{name}.conf").write_text("".join(parts), "utf-8")
        done = run(["checkmodule", *flags, "-m", f"{name}.conf", "-o", f"{name}.mod"], cwd=work, ok=(0, 1))
        if done.status == 0:
            run(["semodule_package", "-o", f"{name}.pp", "-m", f"{name}.mod"], cwd=work)
            if not PP.exists():
                raise missing("pp")
            return _Part(name, run([PP, f"{name}.pp", "-"], cwd=work).text, tuple(refused))
        numbers = {int(number) for number in _LINE.findall(done.messages)}
        found = {starts[bisect_right(starts, (number, len(probes))) - 1][1] for number in numbers if starts}
        if not found:
            break
        for place in sorted(found):
            del segments[place]
        refused += sorted(found)
    raise ToolFailedError(f"checkmodule refuses the probe of the policy headers: {done.messages.strip()[:300]}")
