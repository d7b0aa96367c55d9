# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import random
from dataclasses import replace

import pytest

from policytool.generate.exact import exact
from policytool.generate.objections import UNLABELED, Objection
from policytool.generate.skeleton import skeleton
from policytool.generate.triage import Criteria, Cure, Triaged, triage
from policytool.generate.writers.cil import write_cil
from policytool.generate.writers.evidence import EvidenceError, explained, read_evidence, write_evidence
from policytool.generate.writers.fc import write_fc
from policytool.generate.writers.interface import write_interfaces
from policytool.generate.writers.te import write_te
from policytool.graph.permission_graph import build
from policytool.model.access import AccessVector
from policytool.model.module import PolicyModule
from policytool.model.observation import Observations
from policytool.policy.decide import Decision, Outcome
from tests.generate.decides import TablePolicy
from tests.golden import check_golden
from tests.synthetic import BASE, DAEMON, GREETER, observations, vector

BASE_TYPES = frozenset({"init_t", "etc_t", "tmp_t", "tun_tap_device_t", "unlabeled_t", "virsh_t", "bin_t"})


def _unlabeled(vector: AccessVector) -> Objection | None:
    return (
        Objection(UNLABELED, "unlabeled_t marks a file without a valid label: restorecon cures it")
        if vector.target.type_ == "unlabeled_t"
        else None
    )


CRITERIA = Criteria(objection=_unlabeled)


def greeter(seen: Observations = GREETER) -> tuple[PolicyModule, tuple[Triaged, ...]]:
    decided = triage(
        [v for v in seen.vectors if "greeterd" in v.source.type_ + v.target.type_],
        TablePolicy(granted=frozenset({("greeterd_t", "etc_t", "file", "open")})),
        CRITERIA,
    )
    return exact(skeleton(DAEMON, build(seen), BASE, extends=False), decided, BASE_TYPES), decided


@pytest.mark.parametrize(
    ("name", "writer"),
    [
        ("greeterd.te", write_te),
        ("greeterd.if", write_interfaces),
        ("greeterd.fc", write_fc),
        ("greeterd.cil", write_cil),
    ],
)
def test_golden_module(name: str, writer: object) -> None:
    module, _ = greeter()
    assert callable(writer)
    check_golden(name, writer(module))


def test_golden_evidence() -> None:
    check_golden("greeterd.evidence.json", write_evidence(*greeter()))


def test_golden_extension() -> None:
    seen = observations(vector("init_t", "etc_t", "file", "write", path="/etc/motd"))
    daemon = replace(DAEMON, name="init", domain="init_t", exec_type="init_exec_t")
    start = skeleton(daemon, build(seen), BASE, extends=True)
    module = exact(start, triage(seen.vectors, TablePolicy(), CRITERIA), BASE_TYPES)
    check_golden("init_extension.te", write_te(module))
    assert not module.types
    assert not module.file_contexts


def test_any_order_of_the_input_gives_the_same_bytes() -> None:
    shuffled: list[AccessVector] = list(GREETER.vectors)
    for seed in range(5):
        random.Random(seed).shuffle(shuffled)  # noqa: S311 -- not for secrets
        merged = Observations().merge(*(observations(vector) for vector in shuffled))
        assert write_te(greeter(merged)[0]) == write_te(greeter()[0])


def test_what_the_base_grants_is_no_rule() -> None:
    module, _ = greeter()
    rule = next(rule for rule in module.rules if rule.target == "etc_t")
    assert rule.perms == ("read",)


def test_an_unlabeled_object_is_refused_and_no_rule() -> None:
    module, decided = greeter()
    assert [triaged.vector.target.type_ for triaged in decided if triaged.cure is Cure.REFUSED] == ["unlabeled_t"]
    assert not any(rule.target == "unlabeled_t" for rule in module.every_rule)


def test_what_no_allow_rule_cures_is_no_rule() -> None:
    key = ("greeterd_t", "etc_t", "file", "write")
    for outcome, cure in (
        (Outcome.DENIED_CONSTRAINT, Cure.CONSTRAINT),
        (Outcome.DENIED_ROLE, Cure.CONSTRAINT),
        (Outcome.UNKNOWN_TYPE, Cure.UNMAPPED),
        (Outcome.BAD_CONTEXT, Cure.UNMAPPED),
    ):
        policy = TablePolicy(decisions={key: Decision(outcome, "the cause")})
        (triaged,) = triage([vector(*key)], policy, CRITERIA)
        assert triaged.cure is cure
        assert triaged.reason == "the cause"
        assert exact(skeleton(DAEMON, build(GREETER), BASE, extends=False), [triaged], BASE_TYPES).rules == ()


def test_ioctl_commands_come_from_complete_recordings_only() -> None:
    def commands(*vectors: AccessVector) -> tuple[int, ...]:
        decided = triage(vectors, TablePolicy(), CRITERIA)
        module = exact(skeleton(DAEMON, build(GREETER), BASE, extends=False), decided, BASE_TYPES)
        return module.xperm_rules[0].xperms if module.xperm_rules else ()

    def ioctl(*numbers: int, complete: bool = True, unlisted: int = 0) -> AccessVector:
        return vector(
            "greeterd_t",
            "tun_tap_device_t",
            "chr_file",
            "ioctl",
            xperms=frozenset(numbers),
            complete=complete,
            unlisted=unlisted,
        )

    assert commands(ioctl(1, 2)) == (1, 2)
    assert commands(ioctl(1, complete=False)) == ()
    assert commands(ioctl(1, unlisted=1)) == ()
    assert commands(ioctl(1, 2), ioctl(2, complete=False)) == (1, 2)
    assert commands(ioctl(1, 2), ioctl(3, complete=False)) == (), "another workload: the list is not complete"


def test_evidence_reads_back_what_was_written() -> None:
    module, decided = greeter()
    read = read_evidence(write_evidence(module, decided)).accesses
    wanted = explained(decided)
    assert [(access.key, access.cure, access.evidence.count) for access in read] == [
        (access.key, access.cure, access.evidence.count) for access in wanted
    ]
    assert [access.evidence for access in read if access.cure is Cure.ALLOW] == [
        access.evidence for access in wanted if access.cure is Cure.ALLOW
    ]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "accesses": [{}]}', "\x00"])
def test_what_is_no_evidence_says_so(text: str) -> None:
    with pytest.raises(EvidenceError):
        read_evidence(text)


def test_a_dontaudit_about_a_type_of_another_module_stands_as_a_remark() -> None:
    hidden = [
        Triaged(vector("greeterd_t", target, "file", "getattr"), Cure.DONTAUDIT, "passed without")
        for target in ("etc_t", "helloerd_conf_t")
    ]
    made = exact(skeleton(DAEMON, build(GREETER), BASE, extends=False), hidden, BASE_TYPES)
    assert [rule.target for rule in made.dontaudit_rules] == ["etc_t"]
    assert made.remarks == ("dontaudit: greeterd_t helloerd_conf_t:file getattr: passed without",)


@pytest.mark.parametrize(
    ("source", "target", "tclass", "narrowed"),
    [
        ("greeterd_t", "etc_t", "chr_file", True),
        ("greeterd_t", "etc_t", "blk_file", True),
        ("greeterd_t", "etc_t", "file", False),
        ("greeterd_t", "greeterd_t", "unix_dgram_socket", False),
        # It would narrow what the base grants that domain.
        ("init_t", "etc_t", "chr_file", False),
    ],
)
def test_an_allowxperm_narrows_what_the_daemon_does_to_devices(
    source: str, target: str, tclass: str, narrowed: bool
) -> None:
    seen = [Triaged(vector(source, target, tclass, "ioctl", xperms=frozenset({0x5401})), Cure.ALLOW)]
    bare = skeleton(DAEMON, build(GREETER), BASE, extends=False)
    assert bool(exact(bare, seen, frozenset({"etc_t", "init_t"})).xperm_rules) is narrowed
