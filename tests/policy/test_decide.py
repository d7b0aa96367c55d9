# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random

import pytest

from policytool.errors import InputError
from policytool.model.access import AccessVector, Evidence, Result
from policytool.model.context import SecurityContext
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.decide import Decider, Decision, Outcome
from policytool.policy.sepol import SepolAnswer, SepolPolicy
from tests.policy.tiny import BASE, POLICIES, compile_cil
from tests.synthetic import vector

OBJECT = "wide:object_r:object:s0"


def ctx(text: str) -> SecurityContext:
    return SecurityContext.parse(text)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> CompiledPolicy:
    source = POLICIES / "decide_causes.cil"
    return CompiledPolicy(compile_cil(tmp_path_factory.mktemp("decide"), source, neverallow=False))


@pytest.fixture(scope="module")
def decider(policy: CompiledPolicy) -> Iterator[Decider]:
    with Decider(policy) as decider:
        yield decider


A, H, S, P = "wide:first:asker:s0", "wide:first:helper:s0", "wide:first:sleeper:s0", "wide:first:bounded:s0"

CAUSES = {
    "a common's permission through attributes": (A, OBJECT, "file", "read", Outcome.ALLOWED, ""),
    "a permission to itself": (A, A, "process", "ptrace", Outcome.ALLOWED, ""),
    "to itself through an attribute": (H, H, "process", "signal", Outcome.ALLOWED, ""),
    "self is not the other types of the attribute": (A, H, "process", "signal", Outcome.DENIED_RULE, ""),
    "a permissive domain is denied too": (A, H, "process", "ptrace", Outcome.DENIED_RULE, ""),
    "an alias": (A, "wide:object_r:alias:s0", "file", "read", Outcome.ALLOWED, ""),
    "either boolean": (A, OBJECT, "file", "execute", Outcome.DENIED_BOOLEAN, "use_execute=1, use_more=1"),
    "a false block at stored values": (S, OBJECT, "file", "execute", Outcome.ALLOWED, ""),
    "a constraint": (H, "wide:object_r:object:s0:c0", "file", "read", Outcome.DENIED_CONSTRAINT, "mlsconstrain"),
    "a category that is held": ("wide:first:helper:s0:c0,c1", OBJECT, "file", "read", Outcome.ALLOWED, ""),
    "the same role": (A, H, "process", "transition", Outcome.ALLOWED, ""),
    "a role change": (A, "wide:second:helper:s0", "process", "transition", Outcome.DENIED_ROLE, ""),
    "type bounds": (P, OBJECT, "file", "write", Outcome.DENIED_BOUNDS, ""),
    "no such type": (A, "wide:object_r:nope:s0", "file", "read", Outcome.UNKNOWN_TYPE, "nope"),
    "neither type": ("wide:first:no:s0", "wide:object_r:nay:s0", "file", "read", Outcome.UNKNOWN_TYPE, "nay, no"),
    "an attribute is not a type": (A, "wide:object_r:thing:s0", "file", "read", Outcome.UNKNOWN_TYPE, "thing"),
    "no such class": (A, OBJECT, "fifo", "read", Outcome.UNKNOWN_CLASS, "fifo"),
    "no such permission": (A, OBJECT, "file", "signal", Outcome.UNKNOWN_PERM, "file signal"),
    "no such user": ("nobody:first:asker:s0", OBJECT, "file", "read", Outcome.BAD_CONTEXT, "no user nobody"),
    "no such role": ("wide:none:asker:s0", OBJECT, "file", "read", Outcome.BAD_CONTEXT, "no role none"),
    "role and type": ("wide:second:asker:s0", OBJECT, "file", "read", Outcome.BAD_CONTEXT, "for type asker"),
    "user and role": ("narrow:second:helper:s0", OBJECT, "file", "read", Outcome.BAD_CONTEXT, "for role second"),
    "user and range": ("narrow:first:asker:s0:c0", OBJECT, "file", "read", Outcome.BAD_CONTEXT, "may not have"),
    "range of an object": (A, "narrow:object_r:object:s0:c0", "file", "read", Outcome.ALLOWED, ""),
    "no such category": (A, OBJECT + ":c9", "file", "read", Outcome.BAD_CONTEXT, "s0:c9 is not valid"),
    "no range": ("wide:first:asker", OBJECT, "file", "read", Outcome.BAD_CONTEXT, "no range"),
}


@pytest.mark.parametrize("case", CAUSES.values(), ids=CAUSES)
def test_cause(decider: Decider, case: tuple[str, str, str, str, Outcome, str]) -> None:
    source, target, tclass, perm, outcome, cause = case
    decision = decider.ask(ctx(source), ctx(target), tclass, perm)
    assert decision.outcome is outcome
    assert cause in decision.cause
    assert bool(cause) == bool(decision.cause)
    assert decision.allowed == (outcome is Outcome.ALLOWED)


def test_dontaudit_is_a_denial_that_is_not_logged(decider: Decider) -> None:
    assert decider.ask(ctx(A), ctx(OBJECT), "file", "write") == Decision(Outcome.DENIED_RULE, dontaudit=True)


def test_only_the_answers_of_libsepol_are_denials() -> None:
    assert [outcome.name for outcome in Outcome if outcome.denied] == [
        "DENIED_RULE",
        "DENIED_BOOLEAN",
        "DENIED_CONSTRAINT",
        "DENIED_ROLE",
        "DENIED_BOUNDS",
    ]


def test_describe_names_the_cause() -> None:
    assert Decision(Outcome.ALLOWED).describe() == "allowed"
    assert Decision(Outcome.UNKNOWN_TYPE, "x_t").describe() == "unknown type: x_t"


def test_a_vector_is_asked_by_its_contexts(decider: Decider) -> None:
    evidence = Evidence(1, 0, 0)
    vector = AccessVector(ctx(A), ctx(OBJECT), "file", "read", Result.DENIED, None, evidence)
    assert decider.decide(vector).allowed


def test_nothing_is_printed(decider: Decider, capfd: pytest.CaptureFixture[str]) -> None:
    for source, target, tclass, perm, _, _ in CAUSES.values():
        decider.ask(ctx(source), ctx(target), tclass, perm)
    assert capfd.readouterr() == ("", "")


def test_several_deciders_in_several_threads(policy: CompiledPolicy, tmp_path: Path) -> None:
    other = tmp_path / "other.cil"
    text = (POLICIES / "decide_causes.cil").read_text()
    other.write_text(text.replace("(allow domain thing (file (read)))", ""))
    without = CompiledPolicy(compile_cil(tmp_path, other, neverallow=False))
    with Decider(policy) as with_rule, Decider(without) as without_rule, ThreadPoolExecutor(4) as pool:

        def question(number: int) -> bool:
            decider = (without_rule, with_rule)[number % 2]
            target = f"wide:object_r:object:s0{('', ':c0', ':c1')[number // 2 % 3]}"
            return decider.ask(ctx(A), ctx(target), "file", "read").allowed

        assert list(pool.map(question, range(60))) == [False, True] * 30


def test_a_closed_decider_can_be_used_again(policy: CompiledPolicy) -> None:
    decider = Decider(policy)
    decider.close()
    assert decider.ask(ctx(A), ctx(A), "process", "ptrace").allowed
    decider.close()
    assert decider.ask(ctx(A), ctx(A), "process", "signal").allowed
    decider.close()


def test_a_policy_that_has_become_something_else(tmp_path: Path) -> None:
    path = compile_cil(tmp_path, POLICIES / "decide_causes.cil", neverallow=False)
    decider = Decider(CompiledPolicy(path))
    path.write_bytes(b"not a policy")
    with pytest.raises(InputError, match="not a binary policy"):
        decider.ask(ctx(A), ctx(A), "process", "ptrace")


@pytest.mark.base
def test_virtd_on_the_base() -> None:
    virtd = ctx("system_u:system_r:virtd_t:s0")
    with Decider(CompiledPolicy(BASE)) as decider:
        assert decider.ask(virtd, ctx("system_u:object_r:etc_t:s0"), "file", "read").allowed
        shadow = decider.ask(virtd, ctx("system_u:object_r:shadow_t:s0"), "file", "write")
        assert shadow.outcome is Outcome.DENIED_RULE
        nfs = decider.ask(virtd, ctx("system_u:object_r:nfs_t:s0"), "file", "write")
        assert nfs == Decision(Outcome.DENIED_BOOLEAN, "virt_use_nfs=1")
        guest = ctx("system_u:system_r:svirt_t:s0:c1,c2")
        image = decider.ask(guest, ctx("system_u:object_r:svirt_image_t:s0:c3"), "file", "read")
        assert image.outcome is Outcome.DENIED_CONSTRAINT


@pytest.mark.parametrize(
    ("source", "target", "perm", "outcome"),
    [
        ("nobody:first:asker:s0", OBJECT, "read", Outcome.ALLOWED),
        ("nobody:first:asker:s0", OBJECT, "write", Outcome.DENIED_RULE),
        (A, "stranger:object_r:object:s9", "read", Outcome.ALLOWED),
        ("wide:first:asker", "wide:object_r:object", "execute", Outcome.DENIED_BOOLEAN),
        # Their ranges would not do, but that is not judged.
        ("nobody:first:helper:s0", "wide:object_r:object:s0:c0", "read", Outcome.ALLOWED),
        ("nobody:first:asker:s0", "wide:object_r:nope:s0", "read", Outcome.UNKNOWN_TYPE),
    ],
)
def test_a_context_of_another_machine_is_asked_about_by_type(
    decider: Decider, source: str, target: str, perm: str, outcome: Outcome
) -> None:
    seen = vector("x", "y", "file", perm)
    decision = decider.decide(replace(seen, source=ctx(source), target=ctx(target)))
    assert decision.outcome is outcome
    assert bool(decision.by_type) == (outcome is not Outcome.UNKNOWN_TYPE)


def test_a_valid_context_is_asked_about_as_it_is(decider: Decider) -> None:
    seen = replace(vector("x", "y", "file", "read"), source=ctx(H), target=ctx("wide:object_r:object:s0:c0"))
    assert decider.decide(seen).outcome is Outcome.DENIED_CONSTRAINT


@pytest.mark.parametrize("case", CAUSES)
def test_audit2why_says_the_same(policy: CompiledPolicy, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    source, target, tclass, perm, *_ = CAUSES[case]
    with Decider(policy) as library, Decider(policy) as bindings:
        direct = library.ask(ctx(source), ctx(target), tclass, perm)
        monkeypatch.setattr("policytool.policy.decide.is_available", lambda: False)
        assert bindings.ask(ctx(source), ctx(target), tclass, perm) == direct


RANGES = ("s0", "s0:c0", "s0:c1", "s0:c0,c1", "s0-s0:c0", "s0-s0:c1", "s0-s0:c0.c1", "s0:c0-s0:c0,c1")


def test_ranges_that_compare_alike_are_one_question(
    policy: CompiledPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = [
        (ctx(f"wide:first:helper:{one}"), ctx(f"wide:object_r:object:{two}"))
        for one, two in product(RANGES, RANGES)
    ]
    one_by_one = []
    for source, target in pairs:
        with Decider(policy) as fresh:
            one_by_one.append(fresh.ask(source, target, "file", "read"))
    asked = []
    ask = SepolPolicy.ask

    def count(policy: SepolPolicy, source: str, target: str, tclass: str, perm: str) -> SepolAnswer:
        asked.append((source, target))
        return ask(policy, source, target, tclass, perm)

    monkeypatch.setattr(SepolPolicy, "ask", count)
    with Decider(policy) as decider:
        assert [decider.ask(source, target, "file", "read") for source, target in pairs] == one_by_one
    assert {decision.outcome for decision in one_by_one} == {Outcome.ALLOWED, Outcome.DENIED_CONSTRAINT}
    assert len(asked) < len(pairs)


@pytest.mark.base
def test_audit2why_says_the_same_on_the_base(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = CompiledPolicy(BASE)
    draw = Random(1)  # noqa: S311 -- a sample, the same each time
    types, classes = sorted(policy.types), sorted(policy.classes)
    domains = sorted(policy.expand("domain"))
    questions = []
    for _ in range(200):
        tclass = draw.choice(["file", "dir", "process", "capability", "chr_file", draw.choice(classes)])
        source, target = draw.choice(domains), draw.choice(types)
        own = tclass == "capability"
        questions.append(
            (
                ctx(f"system_u:system_r:{source}:s0"),
                ctx(f"system_u:system_r:{source}:s0" if own else f"system_u:object_r:{target}:s0-s0:c1"),
                tclass,
                draw.choice(sorted(policy.classes[tclass]) or ["none"]),
            )
        )
    with Decider(policy) as library, Decider(policy) as bindings:
        direct = [library.ask(*question) for question in questions]
        monkeypatch.setattr("policytool.policy.decide.is_available", lambda: False)
        assert [bindings.ask(*question) for question in questions] == direct
    assert len({decision.outcome for decision in direct}) > 3
