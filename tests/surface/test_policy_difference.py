# SPDX-License-Identifier: GPL-2.0-or-later
"""Against setools' PolicyDifference, which sediff prints, on policies drawn by lot."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import setools
from setools.exception import RuleNotConditional

from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRuleType
from policytool.surface.policy_difference import policy_difference
from tests.policy.tiny import POLICIES, compile_cil

HEAD = POLICIES.joinpath("reach_domains.cil").read_text().split("(type daemon_t)")[0].replace("daemon_t", "t0_t")
PERMS = [
    "(file (read write))",
    "(file (append))",
    "(dir (search read))",
    "(process (signal transition))",
    "(fd (use))",
]


def by_lot(lot: random.Random, folder: Path) -> Path:
    """Make a policy that differs from others in everything but classes, contexts and users."""
    types = ["t0_t", *lot.sample([f"t{number}_t" for number in range(1, 9)], 6)]
    lines = [f"(type {name})" for name in types] + [
        f"(boolean b {lot.choice(['true', 'false'])})",
        "(boolean c false)",
    ]
    lines += [f"(roletype r {name})" for name in sorted({"t0_t", lot.choice(types)})]
    for number in range(3):
        lines += [f"(typeattribute a{number})", f"(typeattributeset a{number} ({' '.join(lot.sample(types, 3))}))"]
    for role in lot.sample(["q1", "q2", "q3"], 2):
        lines += [f"(role {role})", f"(roletype {role} {lot.choice(types)})", f"(roleallow r {role})"]
    if lot.random() < 0.5:
        lines.append(f"(typepermissive {lot.choice(types)})")
    ends = [*types, "a0", "a1", "a2"]
    for keyword in ("allow", "allow", "allow", "dontaudit", "auditallow"):
        for _ in range(6):
            rule = f"({keyword} {lot.choice(ends)} {lot.choice([*ends, 'self'])} {lot.choice(PERMS)})"
            block = lot.choice(["", "", "", "(booleanif b (true {}))", "(booleanif (and b c) (false {}))"])
            lines.append(block.format(rule) if block else rule)
    pairs = {(lot.choice(types), lot.choice(types)): lot.choice(types) for _ in range(5)}
    lines += [f"(typetransition {one} {other} file {default})" for (one, other), default in pairs.items()]
    lines.append(f"(typechange {types[1]} {types[2]} file {types[3]})")
    lines.append(f"(constrain (file ({lot.choice(['read', 'write'])})) (eq u1 u2))")
    folder.mkdir()
    (folder / "lot.cil").write_text(HEAD + "\n".join(lines) + "\n")
    return compile_cil(folder, folder / "lot.cil")


def key(rule: object) -> tuple[str, str, str, str]:
    try:
        text = str(rule.conditional).removeprefix("[ ").removesuffix(" ]")  # type: ignore[attr-defined]
        condition = f"{text}:{rule.conditional_block}"  # type: ignore[attr-defined]
    except RuleNotConditional:
        condition = ""
    return str(rule.source), str(rule.target), str(rule.tclass), condition  # type: ignore[attr-defined]


Changes = dict[tuple[str, str, str, str], tuple[set[str], set[str]]]


def by_setools(difference: setools.PolicyDifference, kind: str) -> Changes:
    found: Changes = {}
    for rule in getattr(difference, f"added_{kind}s"):
        found.setdefault(key(rule), (set(), set()))[0].update(map(str, rule.perms))
    for rule in getattr(difference, f"removed_{kind}s"):
        found.setdefault(key(rule), (set(), set()))[1].update(map(str, rule.perms))
    for change in getattr(difference, f"modified_{kind}s"):
        pair = found.setdefault(key(change.rule), (set(), set()))
        pair[0].update(map(str, change.added_perms))
        pair[1].update(map(str, change.removed_perms))
    return found


@pytest.mark.parametrize("seed", range(8))
def test_the_same_as_sediff(seed: int, tmp_path: Path) -> None:
    lot = random.Random(seed)  # noqa: S311
    paths = [by_lot(lot, tmp_path / name) for name in ("old", "new")]
    ours = policy_difference(*map(CompiledPolicy, paths))
    theirs = setools.PolicyDifference(*(setools.SELinuxPolicy(str(path)) for path in paths))
    for rules in ours.rules:
        found: Changes = {}
        for change in rules.changes():
            names = (change.source, change.target, change.tclass, change.condition)
            assert names not in found
            found[names] = (set(change.added), set(change.removed))
        assert found == by_setools(theirs, str(rules.ruletype))
        assert rules.added == sum(len(more) for more, _ in found.values())
        assert rules.removed == sum(len(less) for _, less in found.values())
    facts = {facts.kind: facts for facts in ours.statements}

    def changed(kind: str) -> tuple[set[str], set[str]]:
        return (set(facts[kind].added), set(facts[kind].removed)) if kind in facts else (set(), set())

    assert changed("type") == (set(map(str, theirs.added_types)), set(map(str, theirs.removed_types)))
    allows = [{f"{rule.source} {rule.target}" for rule in side} for side in both(theirs, "role_allows")]
    assert changed("role_allow") == tuple(allows)
    roles = [{str(role) for role in side} for side in both(theirs, "roles")]
    assert tuple({text for text in side if " " not in text} for side in changed("role")) == tuple(roles)
    moves = [
        {f"{rule.source} {rule.target}:{rule.tclass} {rule.default}" for rule in side}
        for side in both(theirs, "type_transitions")
    ]
    for change in theirs.modified_type_transitions:
        rule = change.rule
        moves[0].add(f"{rule.source} {rule.target}:{rule.tclass} {change.added_default}")
        moves[1].add(f"{rule.source} {rule.target}:{rule.tclass} {change.removed_default}")
    assert changed("type_transition") == tuple(moves)
    constraints = [
        {f"constrain {one.tclass} {perm} {one.expression}" for one in side for perm in one.perms}
        for side in both(theirs, "constrains")
    ]
    assert changed("constraint") == tuple(constraints)
    members: tuple[set[str], set[str]] = (set(), set())
    for name, attribute in theirs.modified_type_attributes.items():
        members[0].update(f"{name} {type_}" for type_ in attribute.added_types)
        members[1].update(f"{name} {type_}" for type_ in attribute.removed_types)
    kept = {str(name) for name in theirs.modified_type_attributes}
    ours_of_kept = [{text for text in side if text.split()[0] in kept} for side in changed("attribute")]
    assert ours_of_kept == list(members)


def both(difference: setools.PolicyDifference, kind: str) -> tuple[Iterable[Any], Iterable[Any]]:
    return getattr(difference, f"added_{kind}"), getattr(difference, f"removed_{kind}")


def test_a_policy_is_the_same_as_itself(tmp_path: Path) -> None:
    path = by_lot(random.Random(1), tmp_path / "one")  # noqa: S311
    assert policy_difference(CompiledPolicy(path), CompiledPolicy(path)).same


def test_what_is_not_an_allow_rule_is_a_difference(tmp_path: Path) -> None:
    text = POLICIES.joinpath("surface_domains.cil").read_text()
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    changed = tmp_path / "changed.cil"
    changed.write_text(
        text.replace("(typepermissive other_t)", "(typepermissive jump_t)(typebounds other_t helper_t)")
        .replace("(boolean use_memory false)", "(boolean use_memory true)")
        .replace("(typealias old_t)\n(typealiasactual old_t daemon_t)", "")
        + "(allowx daemon_t etc_t (ioctl file (0x5401)))"
    )
    old = CompiledPolicy(compile_cil(tmp_path / "old", POLICIES / "surface_domains.cil"))
    new = CompiledPolicy(compile_cil(tmp_path / "new", changed, neverallow=False))
    facts = {facts.kind: (facts.added, facts.removed) for facts in policy_difference(old, new).statements}
    assert facts == {
        "alias": ((), ("old_t of daemon_t",)),
        "permissive": (("jump_t",), ("other_t",)),
        "typebounds": (("other_t helper_t",), ()),
        "boolean": (("use_memory on",), ("use_memory off",)),
        TeRuleType.ALLOWXPERM: (("daemon_t etc_t:file ioctl 0x5401",), ()),
    }
