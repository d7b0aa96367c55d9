# SPDX-License-Identifier: GPL-2.0-or-later
"""The statements of a module's CIL without what says nothing to the kernel: order, comments, how rules are joined.

Two texts with the same statements give the same policy with any base with which both link. The reverse does not
hold: a rule that an optional block repeats, or an attribute spelled out, is a difference here and none to the
kernel.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping

from policytool.policy.cil_nodes import CONTAINERS, OPERATORS, REQUIREMENT, CilNode, cil_nodes

# Rules whose permissions add up: one rule with two permissions is two rules with one each.
_ADDING = frozenset({"allow", "auditallow", "dontaudit"})

# Rules whose numbers add up in the same way.
_ADDING_XPERMS = frozenset({"allowx", "auditallowx", "dontauditx"})

# Numbers of ioctl and nlmsg: 16 bits.
_MOST_NUMBERS = 1 << 16

# Statements whose names add up in the same way.
_SETS = frozenset({"typeattributeset", "roleattributeset"})

# Blocks in blocks: refpolicy has three at most. What is deeper is taken word by word.
_DEEPEST = 20


def canonical_statements(module: str, text: str, known: Container[str] = frozenset()) -> tuple[str, ...]:
    """Return the statements of the CIL TEXT of MODULE, sorted, each once.

    What checkmodule and pp add or count through is left out: requirements outside of optional blocks (a module
    that links has them), the numbers of optional blocks, and those of attributes that stand for a set in one rule.
    An optional block whose names are all KNOWN to be there is in force: what it holds is given as if there were no
    block. They are those that it requires, or, in CIL that nobody compiled, those of its rules.
    """
    nodes = cil_nodes(text)
    return tuple(sorted(set(_Reader(module, nodes, known).statements(nodes))))


class _Reader:
    """Writes statements of one module; `sets` are its numbered attributes, each with the set that it stands for."""

    def __init__(self, module: str, nodes: list[CilNode], known: Container[str]) -> None:
        self._known = known
        # module_to_cil.c of libsepol names them so.
        self._numbered_optional = re.compile(rf"{re.escape(module)}_optional_\d+")
        attribute = re.compile(rf"{re.escape(module)}_(?:type|role)attr_\d+")
        self._sets: Mapping[str, str] = {
            name: _words(node.items[2], {})
            for node in _every(nodes)
            if node.keyword in _SETS
            and len(node.items) == 3
            and isinstance(name := node.items[1], str)
            and attribute.fullmatch(name)
        }

    def statements(self, nodes: list[CilNode], depth: int = 0) -> Iterator[str]:
        """Yield what NODES say, in any order, some of it more than once."""
        for node in nodes:
            keyword = node.keyword
            if keyword == "optional" and depth < _DEEPEST and self._in_force(node):
                held = [item for item in node.items if isinstance(item, CilNode)]
                yield from self.statements([item for item in held if _required(item) is None], depth + 1)
            elif keyword in CONTAINERS and depth < _DEEPEST:
                yield self._container(node, depth)
            elif keyword in _ADDING:
                yield from self._rule(node)
            elif keyword in _ADDING_XPERMS:
                yield from self._xperm_rule(node)
            elif keyword in _SETS:
                yield from self._set(node, depth)
            elif not (keyword in ("typeattribute", "roleattribute") and node.items[-1] in self._sets):
                yield _words(node, self._sets)

    def _in_force(self, node: CilNode) -> bool:
        """Whether all names that the optional block NODE requires, or its rules have, are known; there are some."""
        held = [item for item in node.items if isinstance(item, CilNode)]
        names = [name for item in held for name in _required(item) or ()]
        names = names or [name for item in held for name in _named(item)]
        return bool(names) and all(name in self._known for name in names)

    def _container(self, node: CilNode, depth: int) -> str:
        """Return a block: its head word by word, and what it holds, sorted. A numbered optional has no name."""
        head: list[str] = []
        held: list[CilNode] = []
        for place, item in enumerate(node.items):
            # The second item of a booleanif is its condition, the third of a macro are its parameters.
            is_head = place < {"booleanif": 2, "tunableif": 2, "macro": 3}.get(node.keyword, 1)
            if isinstance(item, str):
                head.append(item)
            elif is_head:
                head.append(_words(item, self._sets))
            else:
                held.append(item)
        if node.keyword == "optional" and len(head) == 2 and self._numbered_optional.fullmatch(head[1]):
            head.pop()
        return f"( {' '.join([*head, *sorted(set(self.statements(held, depth + 1)))])} )"

    def _rule(self, node: CilNode) -> Iterator[str]:
        match node.items:
            case [str(kind), str(source), str(target), CilNode(items=[str(tclass), CilNode() as perms])] if (
                words := perms.words
            ) and not OPERATORS & set(words):
                for perm in words:
                    names = (self._sets.get(source, source), self._sets.get(target, target))
                    yield f"( {kind} {' '.join(names)} ( {tclass} ( {perm} ) ) )"
            case _:
                yield _words(node, self._sets)

    def _xperm_rule(self, node: CilNode) -> Iterator[str]:
        match node.items:
            case [
                str(kind),
                str(source),
                str(target),
                CilNode(items=[str(what), str(tclass), CilNode() as numbers]),
            ] if (values := _numbers(numbers)) is not None:
                names = (self._sets.get(source, source), self._sets.get(target, target))
                for value in values:
                    yield f"( {kind} {' '.join(names)} ( {what} {tclass} ( {value:#x} ) ) )"
            case _:
                yield _words(node, self._sets)

    def _set(self, node: CilNode, depth: int) -> Iterator[str]:
        match node.items:
            case [_, str(name), *_] if name in self._sets or (name == REQUIREMENT and depth == 0):
                return
            case [str(kind), str(name), CilNode() as members] if (words := members.words) and not OPERATORS & set(
                words
            ):
                for member in words:
                    yield f"( {kind} {name} ( {member} ) )"
            case [str(kind), str(name), str(member)]:
                yield f"( {kind} {name} ( {member} ) )"
            case _:
                yield _words(node, self._sets)


def _required(node: CilNode) -> tuple[str, ...] | None:
    """Return the names that NODE requires, None if it is no requirement."""
    match node.items:
        case [str(kind), str(name), *names] if kind in _SETS and name == REQUIREMENT:
            return tuple(word for of in names for word in ((of,) if isinstance(of, str) else of.words or ("",)))
    return None


def _named(node: CilNode) -> tuple[str, ...]:
    """Return the types that NODE names, a rule; "", which is the name of nothing, for another statement."""
    match node.items:
        case [str(kind), str(source), str(target), *_] if kind in _ADDING | _ADDING_XPERMS:
            return (source,) if target == "self" else (source, target)
        case ["typetransition", str(source), str(target), str(_), *_, str(default)]:
            return (source, target, default)
    return ("",)


def _numbers(node: CilNode) -> list[int] | None:
    """Return the numbers that NODE lists, None where it says them in another way, or too many."""
    found: list[int] = []
    for item in node.items:
        match item:
            case str(word):
                ends = (word, word)
            case CilNode(items=["range", str(first), str(last)]):
                ends = (first, last)
            case _:
                return None
        try:
            first_number, last_number = (int(end, 0) for end in ends)
        except ValueError:
            return None
        if not 0 <= first_number <= last_number < _MOST_NUMBERS:
            return None
        found += range(first_number, last_number + 1)
    return found


def _every(nodes: list[CilNode]) -> Iterator[CilNode]:
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [item for item in node.items if isinstance(item, CilNode)]


def _words(item: str | CilNode, names: Mapping[str, str]) -> str:
    """Return ITEM word by word, with what NAMES stand for; without recursion, since the text decides how deep."""
    parts: list[str] = []
    waiting: list[str | CilNode] = [item]
    while waiting:
        match waiting.pop():
            case CilNode(items=items):
                parts.append("(")
                waiting += [")", *reversed(items)]
            case word:
                parts.append(names.get(word, word))
    return " ".join(parts)
