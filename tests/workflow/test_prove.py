# SPDX-License-Identifier: GPL-2.0-or-later
"""The proof against the real compiler: what it calls needed is missed when it goes, and what can go is not."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policytool.model.access import AccessVector
from policytool.model.context import SecurityContext
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.decide import Decider
from policytool.policy.needed_rules import Standing
from policytool.policy.verdicts import Verdict, replay
from policytool.policy.xperms import XpermRules
from policytool.toolchain.base import find_base
from policytool.workflow.module_set import ModuleSet
from policytool.workflow.prove import prove_irreducible
from tests.policy.tiny import POLICIES, compile_cil
from tests.synthetic import observations, vector

TINY = POLICIES / "irreducible_base.cil"
SOURCES = ("d0_t", "d1_t", "domain")
TARGETS = ("o0_t", "o1_t", "o2_t", "o3_t", "low", "mid", "lone", "nobody", "self")
PERMS = {"file": ("read", "write", "open"), "process": ("signal",)}
TYPES = ("d0_t", "d1_t", "o0_t", "o1_t", "o2_t", "o3_t")


@dataclass(frozen=True)
class Rule:
    """An allow statement of a made-up module; `block` is "" or the type that its optional block asks for."""

    source: str
    target: str
    tclass: str
    perms: tuple[str, ...]
    block: str = ""

    def cil(self, number: int) -> str:
        text = f"(allow {self.source} {self.target} ({self.tclass} ({' '.join(self.perms)})))"
        if not self.block:
            return text + "\n"
        return f"(optional block_{number}\n  (typeattributeset cil_gen_require {self.block})\n  {text})\n"


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    tclass = draw(st.sampled_from(sorted(PERMS)))
    perms = draw(st.sets(st.sampled_from(PERMS[tclass]), min_size=1))
    block = draw(st.sampled_from(["", "", "", "o0_t", "nope_t"]))
    source, target = draw(st.sampled_from(SOURCES)), draw(st.sampled_from(TARGETS))
    return Rule(source, target, tclass, tuple(sorted(perms)), block)


def seen(keys: Sequence[tuple[str, str, str, str]]) -> tuple[AccessVector, ...]:
    def context(type_: str) -> SecurityContext:
        return SecurityContext("u", "r", type_)

    return tuple(replace(vector(*key), source=context(key[0]), target=context(key[1])) for key in keys)


KEYS = [
    (source, target, tclass, perm)
    for source, target in itertools.product(("d0_t", "d1_t"), TYPES)
    for tclass, perms in PERMS.items()
    for perm in perms
]


@pytest.fixture(scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep hundreds of tiny links out of the cache that later runs find warm."""
    before = os.environ["XDG_CACHE_HOME"]
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    yield
    os.environ["XDG_CACHE_HOME"] = before


def text(module: Sequence[Rule]) -> str:
    return "(typeattribute ours)\n" + "".join(rule.cil(number) for number, rule in enumerate(module))


def denied(work: Path, base: Path, module: Sequence[Rule], vectors: Sequence[AccessVector]) -> set[AccessVector]:
    """Link base and module with secilc alone, and replay."""
    (work / "module.cil").write_text(text(module))
    policy = CompiledPolicy(compile_cil(work, base, work / "module.cil"))
    with Decider(policy) as decider:
        outcome = replay(vectors, decider, XpermRules(policy), {})
    return {replayed.vector for replayed in outcome.of(Verdict.DENIED)}


def lacking(module: Sequence[Rule], place: int, perm: str) -> list[Rule]:
    """Return MODULE without one permission of one statement."""
    left = tuple(kept for kept in module[place].perms if kept != perm)
    return [*module[:place], *([replace(module[place], perms=left)] if left else []), *module[place + 1 :]]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(
    granted=st.lists(rules(), max_size=2),
    module=st.lists(rules(), min_size=1, max_size=4),
    keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=30, unique=True),
)
@pytest.mark.usefixtures("own_cache")
def test_needed_is_missed_and_what_can_go_is_not(
    granted: list[Rule], module: list[Rule], keys: list[tuple[str, str, str, str]]
) -> None:
    vectors = seen(keys)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (work / "base").mkdir()
        base = work / "base" / "tiny.cil"
        always = [replace(rule, block="") for rule in granted]
        base.write_text(TINY.read_text() + "".join(rule.cil(0) for rule in always))
        (work / "made").mkdir()
        (work / "made" / "made.cil").write_text(text(module))
        proof, _ = prove_irreducible(
            observations(*vectors), (), ModuleSet([work / "made"], find_base(work / "base"))
        )
        before = denied(work, base, module, vectors)
        off = {rule for rule in module if rule.block == "nope_t"}
        assert len(proof.of(Standing.OFF)) == sum(rule in off for rule in module)
        places, line = {}, 2
        for place, rule in enumerate(module):
            places[line + (2 if rule.block else 0)] = place
            line += rule.cil(place).count("\n")
        for judged in proof.judged:
            if judged.standing is Standing.OFF:
                continue
            after = denied(work, base, lacking(module, places[judged.rule.line], judged.perm), vectors)
            assert before <= after
            assert (after > before) == (judged.standing is Standing.NEEDED), judged
        shutil.rmtree(work / "made")
