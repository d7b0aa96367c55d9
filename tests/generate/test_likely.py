# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from policytool.generate.chances import Chances, Learned, Trials
from policytool.generate.likely import HARMLESS, Candidates, Experience, Likely, SameWork, candidates, likely, never
from policytool.generate.peers import Peers, peers
from policytool.generate.signs import Signs
from policytool.generate.triage import Cure, Triaged
from policytool.model.access import AccessKey, AccessVector
from policytool.policy.held_together import HeldTogether
from policytool.surface.grants import Grants
from tests.synthetic import vector

DOMAIN = "greeterd_t"
READ, OPEN, LOCK, IOCTL = (("file", perm) for perm in ("read", "open", "lock", "ioctl"))
# 18 of 20 pairs with read and open have lock, all have ioctl; log_t is like spool_t.
TOGETHER = HeldTogether(
    (READ, OPEN, LOCK, IOCTL),
    np.array([[1, 1, 1, 1], [1, 1, 0, 1]], dtype=bool),
    np.array([18, 2]),
    {"log_t": (("spool_t", 0.7),)},
)
LEARNED = Learned(Chances({(0,) * 7: Trials(100, 1)}), Chances({(0,) * 4: Trials(100, 1)}), {READ: 0.9})


def access(target: str, perm: str, cure: Cure = Cure.ALLOW, source: str = DOMAIN) -> Triaged:
    return Triaged(vector(source, target, "file", perm), cure)


SEEN = (access("log_t", "read"), access("log_t", "open"))


def experience(
    others: Peers | None = None,
    granted: tuple[tuple[str, str, str], ...] = (),
    like: tuple[tuple[str, str, str], ...] = (),
) -> Experience:
    return Experience(
        TOGETHER,
        others or Peers(),
        LEARNED,
        {DOMAIN: Grants.of(granted)},
        {DOMAIN: SameWork.of("older_t", Grants.of(like))} if like else {},
    )


def found(*more: Triaged, by: Experience | None = None, own: frozenset[str] = frozenset()) -> Candidates:
    return candidates(DOMAIN, own, (*SEEN, *more), by or experience())


def key(target: str, perm: str) -> AccessKey:
    return (DOMAIN, target, "file", perm)


def test_what_the_base_holds_beside_it() -> None:
    signs = found().signs[key("log_t", "lock")]
    assert (signs.share, signs.given, signs.others) == (0.9, frozenset({READ, OPEN}), 0)


def test_what_was_seen_is_done_on_a_sibling_too() -> None:
    among = found()
    assert {held for held, signs in among.signs.items() if signs.sibling} == {
        key("spool_t", "read"),
        key("spool_t", "open"),
    }
    assert among.signs[key("spool_t", "read")].usual == 0.9


def test_nothing_that_was_seen_is_granted_or_was_decided_about() -> None:
    assert key("log_t", "read") not in found().signs
    granted = found(by=experience(granted=(("log_t", "file", "lock"),)))
    assert key("log_t", "lock") not in granted.signs
    assert key("log_t", "ioctl") in granted.signs
    refused = found(access("log_t", "write", Cure.REFUSED))
    assert not [held for held in refused.signs if held[1] == "log_t"]
    assert not found(access("etc_t", "read", source="virsh_t")).contexts.keys() & {"etc_t"}, "what others do"


@pytest.mark.parametrize("cure", [Cure.TRANSITION, Cure.UNMAPPED])
def test_what_left_with_a_helper_is_not_its_own_doing(cure: Cure) -> None:
    assert not [held for held in found(access("etc_t", "read", cure)).signs if held[1] == "etc_t"]


def test_a_domain_that_does_the_same_work() -> None:
    by = experience(like=(("log_t", "file", "append"), ("far_t", "file", "read"), ("older_t", "process", "signal")))
    among = found(Triaged(vector(DOMAIN, DOMAIN, "process", "fork"), Cure.ALLOW), by=by)
    told = {held[1:] for held, signs in among.signs.items() if signs.like == "older_t"}
    assert told == {("log_t", "file", "append"), (DOMAIN, "process", "signal")}, "on types that it touches"


def test_a_type_beside_one_that_it_works_on() -> None:
    by = replace(
        experience(), neighbours={"spool_t": frozenset({"log_t", "etc_t"}), "log_t": frozenset({"spool_t"})}
    )
    signs = found(by=by).signs
    assert (signs[key("spool_t", "read")].neighbour, signs[key("log_t", "lock")].neighbour) == ("log_t", "")
    alone = replace(experience(), neighbours={"far_t": frozenset({"log_t"})})
    assert found(by=alone).signs.keys() == found().signs.keys(), "that alone speaks for nothing"


def others(*doing: AccessVector) -> Peers:
    every = [vector(f"d{number}_t", "etc_t", "dir", "search") for number in range(4)]
    return peers((one.source.type_, "one", one) for one in (*every, *doing))


def test_what_other_daemons_do() -> None:
    doing = [
        vector(f"d{number}_t", f"d{number}_tmp_t", "file", "ioctl", xperms=frozenset({number})) for number in (1, 2)
    ]
    among = found(by=experience(others(*doing)), own=frozenset({"greeterd_tmp_t"}))
    signs = among.signs[key("greeterd_tmp_t", "ioctl")]
    assert (signs.others, signs.of, signs.touching) == (2, 4, 2)
    assert key("greeterd_tmp_t", "ioctl") not in found(by=experience(others(*doing))).signs, "no such type"


def asked(perm: str, by: Experience, target: str = "log_t") -> Likely:
    among = found(by=by, own=frozenset({"greeterd_tmp_t"}))
    result = likely(DOMAIN, key(target, perm), 0.5, among, by)
    assert result is not None
    return result


def test_an_access_in_contexts_that_were_seen() -> None:
    lock = asked("lock", experience())
    assert (lock.vector.key, lock.vector.evidence.count, lock.chance) == (key("log_t", "lock"), 0, 0.5)
    assert lock.vector.target == SEEN[0].vector.target
    assert lock.reason == "90% of base domains with file { open read } have file lock there too"
    assert asked("read", experience(), "spool_t").vector.target.type_ == "spool_t"


def test_an_ioctl_comes_with_the_commands_that_others_give_or_harmless_ones() -> None:
    assert asked("ioctl", experience()).vector.xperms == HARMLESS
    doing = vector("d1_t", "d1_tmp_t", "file", "ioctl", xperms=frozenset({0x1234}))
    own = asked("ioctl", experience(others(doing)), "greeterd_tmp_t")
    assert own.vector.xperms == {0x1234}
    assert own.vector.target.type_ == "greeterd_tmp_t"


def test_the_likeliest_come_first_and_only_others_need_others() -> None:
    rows = {Signs(others=1).levels(alone=False): Trials(10, 9), (0,) * 7: Trials(1000, 1)}
    learned = Learned(Chances(rows), LEARNED.alone, {})
    doing = vector("d1_t", "far_t", "file", "read")
    among = found(by=experience(others(doing)))
    assert among.ranked(learned)[0][1] == key("far_t", "read")
    alone = found(by=experience(peers([("d1_t", "one", doing)])))
    assert key("far_t", "read") in alone.signs
    assert key("far_t", "read") not in {held for _, held in alone.ranked(learned)}, "one other is not enough"


def test_what_is_never_added() -> None:
    assert never("capability", "sys_admin", Signs(others=9)).startswith("dangerous: ")
    assert "another kind" in never("file", "execute", Signs(share=1.0))
    assert never("file", "execute", Signs(others=1)) == ""
    assert never("file", "read", Signs(share=0.2)) == ""
