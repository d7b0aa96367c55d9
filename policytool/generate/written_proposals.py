# SPDX-License-Identifier: GPL-2.0-or-later
"""Proposals that a person asked for (`--write`), as statements of the module: transitions, and types of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from policytool.generate.triage import Triaged
from policytool.model.cure import Cure
from policytool.model.module import PolicyModule
from policytool.model.proposal import Proposal
from policytool.model.rules import AllowRule, TypeDeclaration, TypeTransition
from policytool.policy.compiled import CompiledPolicy

# refpolicy, domtrans_pattern: what the program that is run does to who runs it.
_TO_THE_CALLER = (
    ("fd", ("use",)),
    ("fifo_file", ("append", "getattr", "ioctl", "lock", "read", "write")),
    ("process", ("sigchld",)),
)
# refpolicy, exec_file_perms without what stays in the own domain: how the caller gets at the file.
_RUNS = ("execute", "getattr", "map", "open", "read")

# refpolicy, manage_file_perms and its kind. The type is the domain's own, so that it may do there what it likes.
_MANAGES: Mapping[str, tuple[str, ...]] = {
    "file": ("append", "create", "getattr", "ioctl", "link", "lock", "open", "read", "rename", "setattr", "unlink",
             "write"),
    "dir": ("add_name", "create", "getattr", "ioctl", "lock", "open", "read", "remove_name", "rename", "reparent",
            "rmdir", "search", "setattr", "unlink", "write"),
    "lnk_file": ("create", "getattr", "link", "read", "rename", "setattr", "unlink"),
    "sock_file": ("create", "getattr", "link", "open", "rename", "setattr", "unlink", "write"),
    "fifo_file": ("append", "create", "getattr", "link", "lock", "open", "read", "rename", "setattr", "unlink",
                  "write"),
}  # fmt: skip

_UNSEEN = "not seen: it goes with what is proposed"

_Written = tuple[str, str, str, Proposal]


def with_written(module: PolicyModule, triaged: Iterable[Triaged], base: CompiledPolicy) -> PolicyModule:
    """Add to MODULE the statements of the proposals that are written for what was TRIAGED.

    BASE tells the attributes of a new type: those that the type of the folder has, and at least half of the types
    that others make there.
    """
    every: dict[tuple[str, str, str], _Written] = {}
    for access in triaged:
        if (written := access.written) and written.new:
            tclass = access.vector.tclass if written.cure is Cure.PRIVATE_TYPE else "process"
            if tclass == "dir" and access.cure is Cure.ALLOW:
                tclass = "file"
            source, target, *_ = access.vector.key
            every.setdefault((source, target, tclass), (source, target, tclass, written))
    if not every:
        return module
    rules = {rule.sort_key: rule for rule in module.rules}
    types = {declaration.name: declaration for declaration in module.types}
    for source, target, tclass, written in every.values():
        if written.cure is Cure.PRIVATE_TYPE:
            attributes = _attributes(target, base)
            types.setdefault(written.new, TypeDeclaration(written.new, attributes, f"proposed: {written.why}"))
        for rule in _rules(source, target, tclass, written):
            rules[rule.sort_key] = _joined(rules.get(rule.sort_key), rule)
    transitions = (
        TypeTransition(source, target, tclass, written.new, reason=f"proposed: {written.why}")
        for source, target, tclass, written in every.values()
    )
    return replace(
        module,
        types=tuple(types.values()),
        transitions=tuple(sorted({*module.transitions, *transitions})),
        rules=tuple(rule for _, rule in sorted(rules.items())),
    )


def _rules(source: str, target: str, tclass: str, written: Proposal) -> Iterator[AllowRule]:
    if written.cure is Cure.PRIVATE_TYPE:
        yield AllowRule(source, written.new, tclass, _MANAGES[tclass], reason=_UNSEEN)
        return
    yield AllowRule(source, target, "file", _RUNS, reason=_UNSEEN)
    yield AllowRule(source, written.new, "process", ("transition",), reason=_UNSEEN)
    for of, perms in _TO_THE_CALLER:
        yield AllowRule(written.new, source, of, perms, reason=_UNSEEN)


def _joined(rule: AllowRule | None, more: AllowRule) -> AllowRule:
    """Return RULE with the permissions of MORE; evidence is in the order of the permissions."""
    if rule is None:
        return more
    seen = dict(zip(rule.perms, rule.evidence, strict=False))
    new = tuple(perm for perm in more.perms if perm not in rule.perms)
    if not new:
        return rule
    reason = "\n".join(part for part in (rule.reason, f"{' '.join(new)}: {more.reason}") if part)
    perms = tuple(sorted((*rule.perms, *new)))
    return replace(rule, perms=perms, evidence=tuple(seen[perm] for perm in perms if perm in seen), reason=reason)


def _attributes(target: str, base: CompiledPolicy) -> tuple[str, ...]:
    peers = {made for (_, folder, _, _), made in base.transitions.items() if folder == target and made != target}
    return tuple(
        sorted(
            attribute
            for attribute in base.attributes_of(target)
            if "_typeattr_" not in attribute and 2 * len(peers & base.expand(attribute)) >= len(peers)
        )
    )
