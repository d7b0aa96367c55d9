# SPDX-License-Identifier: GPL-2.0-or-later
"""The allow statements of a module's CIL text, with their places, so that they can be judged and disarmed.

Only what a proof needs is read: where each statement begins and ends, and the plain form of allow (names, a class
and a list of permissions), which is all that the refpolicy compiler and our writer produce. An allow statement in
another form, or in a place where names mean something else (block, macro, in) or where a boolean decides, is kept
with the reason why it cannot be judged, and stays as it is.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from policytool.model.access import AccessKey
from policytool.policy.cil_nodes import CONTAINERS, HEADED, OPERATORS, REQUIREMENT, CilNode, cil_nodes

# How an allow statement begins.
_KEYWORD = re.compile(r"\(\s*allow")

# A word, a text in quotes, or a comment.
_WORD = re.compile(r"\"[^\"\n]*\"?|;[^\n]*|[^\s()\";]+")

# Statements that may grant something, in words that stand elsewhere.
_INDIRECT = frozenset({"call", "blockinherit"})


@dataclass(frozen=True, slots=True)
class CilRule:
    """One allow statement. START and END are its place in the text, LINE counts from 1.

    `optional` names the innermost optional block around it and `block` is where that begins; "" and None mean that
    there is none. `unjudged` says why it cannot be judged, "" where it can.
    """

    module: str
    line: int
    start: int
    end: int
    source: str
    target: str
    tclass: str
    perms: tuple[str, ...]
    optional: str = ""
    block: int | None = None
    unjudged: str = ""

    def __str__(self) -> str:
        return f"{self.source} {self.target}:{self.tclass}" if self.tclass else self.source

    @property
    def keys(self) -> tuple[AccessKey, ...]:
        """What it grants, in the names that it is written with; none where it cannot be judged."""
        target = self.source if self.target == "self" else self.target
        perms = () if self.unjudged else self.perms
        return tuple((self.source, target, self.tclass, perm) for perm in perms)


@dataclass(frozen=True, slots=True)
class CilModule:
    """What was read of a module: its allow statements, its allowx statements as text, other statements by keyword.

    `attributes` holds (attribute, names) of each typeattributeset whose names are a plain list.
    """

    rules: tuple[CilRule, ...]
    narrowing: tuple[str, ...]
    others: tuple[tuple[str, int], ...]
    attributes: tuple[tuple[str, tuple[str, ...]], ...]


def read_cil(module: str, text: str) -> CilModule:
    """Read the CIL TEXT of MODULE. Anything may be passed: what is not CIL gives fewer statements, no error."""
    lines = _Lines(text)
    rules: list[CilRule] = []
    narrowing: list[str] = []
    others: Counter[str] = Counter()
    attributes: list[tuple[str, tuple[str, ...]]] = []
    for node, around in _statements(text):
        match node.keyword:
            case "allow":
                rules.append(_rule(module, node, around, lines))
            case "allowx":
                narrowing.append(" ".join(text[node.start : node.end].split()))
            case keyword if keyword in _INDIRECT:
                rules.append(_indirect(module, node, lines))
            case "typeattributeset" | "roleattributeset" if REQUIREMENT in node.items:
                pass
            case "typeattributeset" if (names := _members(node)) is not None:
                attributes.append(names)
            case keyword if keyword:
                others[keyword] += 1
    return CilModule(tuple(rules), tuple(narrowing), tuple(sorted(others.items())), tuple(attributes))


@dataclass(frozen=True, slots=True)
class CilStatement:
    """One statement: its text with single spaces, the names in it but for its keyword, and its line."""

    keyword: str
    text: str
    words: tuple[str, ...]
    line: int


def statements(text: str, keywords: Iterable[str] = ()) -> Iterator[CilStatement]:
    """Yield each statement of a CIL TEXT that holds no other; of KEYWORDS, if there are any. It raises nothing."""
    wanted = frozenset(keywords)
    lines = _Lines(text)
    for node, _ in _statements(text):
        if not wanted or node.keyword in wanted:
            own = text[node.start : node.end]
            words = [word for word in _WORD.findall(own) if word[0] not in ';"']
            spaced = " ".join(own.split()).replace("( ", "(").replace(" )", ")")
            yield CilStatement(node.keyword, spaced, tuple(words[1:]), lines.number(node.start))


def without_grants(text: str, rules: Iterable[CilRule], marks: Mapping[CilRule, str]) -> str:
    """Return TEXT with RULES, which were read from it, granting nothing.

    Each becomes an auditallow, which needs the same names, so that an optional block is in force exactly if it was;
    MARKS are statements to be put beside some of them.
    """
    parts, done = [], 0
    for rule in sorted(rules, key=lambda found: found.start):
        statement = _KEYWORD.sub("(auditallow", text[rule.start : rule.end], count=1)
        parts += [text[done : rule.start], statement, marks.get(rule, "")]
        done = rule.end
    return "".join([*parts, text[done:]])


def without_permissions(text: str, rules: Iterable[CilRule], keys: Collection[AccessKey]) -> str:
    """Return TEXT without the permissions KEYS in RULES, which were read from it.

    A rule of which nothing is left becomes an auditallow of what it granted, as in `without_grants`.
    """
    parts, done = [], 0
    for rule in sorted(rules, key=lambda found: found.start):
        kept = [key[3] for key in rule.keys if key not in keys]
        if not rule.keys or len(kept) == len(rule.perms):
            continue
        if kept:
            statement = f"(allow {rule.source} {rule.target} ({rule.tclass} ({' '.join(kept)})))"
        else:
            statement = _KEYWORD.sub("(auditallow", text[rule.start : rule.end], count=1)
        parts += [text[done : rule.start], statement]
        done = rule.end
    return "".join([*parts, text[done:]])


@dataclass(frozen=True, slots=True)
class _Around:
    """What stands around a statement: the innermost optional block, and what else, the outermost first."""

    optional: CilNode | None = None
    other: str = ""

    def within(self, node: CilNode) -> _Around:
        if node.keyword == "optional":
            return _Around(node, self.other)
        return _Around(self.optional, self.other or node.keyword)


def _statements(text: str) -> Iterator[tuple[CilNode, _Around]]:
    """Yield each statement that holds no other statements, with what stands around it."""
    waiting: list[tuple[CilNode, _Around]] = [(node, _Around()) for node in reversed(cil_nodes(text))]
    while waiting:
        node, around = waiting.pop()
        if node.keyword in CONTAINERS:
            inner = [item for item in node.items if isinstance(item, CilNode)]
            # The first list is a macro's parameters, or a condition that is more than the name of a boolean.
            named = node.keyword != "macro" and len(node.items) > 1 and isinstance(node.items[1], str)
            held = inner[1:] if node.keyword in HEADED and not named else inner
            waiting += [(item, around.within(node)) for item in reversed(held)]
        else:
            yield node, around


def _rule(module: str, node: CilNode, around: _Around, lines: _Lines) -> CilRule:
    optional = around.optional
    source, target, tclass, perms = _operands(node)
    unjudged = ""
    if around.other:
        unjudged = f"it stands in a {around.other} statement"
    elif not perms:
        unjudged = "its permissions are not a plain list"
    return CilRule(
        module=module,
        line=lines.number(node.start),
        start=node.start,
        end=node.end,
        source=source,
        target=target,
        tclass=tclass,
        perms=perms,
        optional=_name(optional) if optional else "",
        block=optional.start if optional else None,
        unjudged=unjudged,
    )


def _indirect(module: str, node: CilNode, lines: _Lines) -> CilRule:
    name = f"{node.keyword} {_name(node)}"
    line = lines.number(node.start)
    return CilRule(module, line, node.start, node.end, name, "", "", (), unjudged="what it grants stands elsewhere")


def _operands(node: CilNode) -> tuple[str, str, str, tuple[str, ...]]:
    """Return source, target, class and permissions; no permissions where they are not a plain list."""
    items = node.items
    if len(items) != 4 or not isinstance(items[1], str) or not isinstance(items[2], str):
        return "", "", "", ()
    source, target, last = items[1], items[2], items[3]
    if isinstance(last, str):
        return source, target, last, ()
    if len(last.items) != 2 or not isinstance(tclass := last.items[0], str):
        return source, target, "", ()
    perms = last.items[1]
    words = perms.words if isinstance(perms, CilNode) else None
    if not words or OPERATORS & set(words):
        return source, target, tclass, ()
    return source, target, tclass, tuple(dict.fromkeys(words))


def _members(node: CilNode) -> tuple[str, tuple[str, ...]] | None:
    if len(node.items) != 3 or not isinstance(name := node.items[1], str):
        return None
    last = node.items[2]
    words = (last,) if isinstance(last, str) else last.words
    return None if words is None or OPERATORS & set(words) else (name, words)


def _name(node: CilNode) -> str:
    return name if len(node.items) > 1 and isinstance(name := node.items[1], str) else ""


class _Lines:
    """Line numbers of places in a text, asked in any order."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def number(self, place: int) -> int:
        return bisect_right(self._starts, place)
