# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytool.model import access as access_module
from policytool.model.access import AccessVector, Evidence, Use, merge_vectors
from policytool.model.identity import NOTHING
from policytool.model.observation import Observations
from tests.synthetic import observations, vector

calls = st.sampled_from(["open", "read"])
uses = st.builds(Use, st.just("t"), st.sampled_from("abcdefgh"), calls, st.just("/p"), st.just(NOTHING))
FEW = 8
single = st.builds(lambda use, at: Evidence(1, at, at, ((use, 1),)), uses, st.integers(0, 99))


@given(st.lists(single, min_size=1, max_size=60), st.randoms())
def test_evidence_merges_exactly_and_in_any_order(parts: list[Evidence], random: object) -> None:
    shuffled = sorted(parts, key=lambda _: random.random())  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(access_module, "MAX_USES", FEW)
        whole = parts[0].merge(*parts[1:])
        stepwise = shuffled[0]
        for part in shuffled[1:]:
            stepwise = stepwise.merge(part)
    assert stepwise == whole
    assert whole.count == len(parts)
    counts: dict[Use, int] = {}
    for part in parts:
        counts[part.uses[0][0]] = counts.get(part.uses[0][0], 0) + 1
    assert whole.uses == tuple(sorted(counts.items())[:FEW])
    assert whole.whole == (len(counts) <= FEW)


vectors = st.builds(
    lambda target, perm, path, complete: vector("a_t", target, "file", perm, path=path, complete=complete),
    st.sampled_from(["b_t", "c_t"]),
    st.sampled_from(["read", "open"]),
    st.sampled_from(["/1", "/2"]),
    st.booleans(),
)


@given(st.lists(vectors, max_size=30), st.integers(0, 30))
def test_merging_observations_is_reading_them_together(seen: list[AccessVector], cut: int) -> None:
    apart = observations(*seen[:cut]).merge(observations(*seen[cut:]))
    together = Observations().merge(observations(*seen))
    assert apart.vectors == together.vectors == merge_vectors(seen)
    assert sum(vector.evidence.count for vector in apart.vectors) == len(seen)


def test_complete_recordings_stay_apart_from_others() -> None:
    merged = merge_vectors([vector("a_t", "b_t", "file", "read", complete=flag) for flag in (True, False, True)])
    assert [(vector.complete, vector.evidence.count) for vector in merged] == [(False, 1), (True, 2)]
