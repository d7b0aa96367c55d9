# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policytool.model.access import AccessVector, Evidence, Result, Use
from policytool.model.context import SecurityContext
from policytool.model.event import Location, Unread, UnreadKind
from policytool.model.execution import Execution
from policytool.model.identity import Identity, Place, Sighting, Sightings
from policytool.model.observation import Observations
from policytool.model.refusal import Refusal
from policytool.traces.bundle.bundle import load, observe_log, read_parts, read_trace
from policytool.traces.tally.observation_table import ObservationTableError, from_bytes, to_bytes
from tests.cli.run_policytool import REPOSITORY

TRACES = REPOSITORY / "traces"

# Whatever a log may hold, bytes that are no characters included (surrogateescape).
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"])
    | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF, categories=["Cs"]),
    max_size=5,
)


def some(of: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, max_size=2).map(tuple)


NUMBERS = st.integers(0, 2**63 - 1)
PAIRS = some(st.tuples(TEXTS, NUMBERS))
CONTEXTS = st.builds(SecurityContext, TEXTS, TEXTS, TEXTS, TEXTS)
# An inode number has 64 bits.
IDENTITIES = st.builds(Identity, TEXTS, st.integers(0, 2**64 - 1), TEXTS, TEXTS, TEXTS)
USES = st.builds(Use, TEXTS, TEXTS, TEXTS, TEXTS, IDENTITIES)
VECTORS = st.builds(
    AccessVector,
    CONTEXTS,
    CONTEXTS,
    TEXTS,
    TEXTS,
    st.sampled_from(Result),
    st.sampled_from([None, False, True]),
    st.builds(Evidence, NUMBERS, NUMBERS, NUMBERS, some(st.tuples(USES, NUMBERS)), PAIRS),
    st.frozensets(st.integers(0, 2**32 - 1), max_size=3),
    NUMBERS,
    st.booleans(),
)
PLACES = st.builds(Place, st.integers(0, 2**64 - 1), TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, st.booleans())
REFUSALS = st.builds(Refusal, *[TEXTS] * 6, some(TEXTS), TEXTS, TEXTS)
OBSERVATIONS = st.builds(
    Observations,
    vectors=some(VECTORS),
    traces=some(TEXTS),
    events=NUMBERS,
    records=NUMBERS,
    errors=PAIRS,
    refusals=some(st.tuples(REFUSALS, NUMBERS)),
    unread=st.lists(
        st.builds(Unread, st.builds(Location, TEXTS, NUMBERS), st.sampled_from(UnreadKind), TEXTS), max_size=2
    ).map(tuple),
    unread_counts=some(st.tuples(st.sampled_from(UnreadKind), NUMBERS)),
    hosts=PAIRS,
    executions=some(st.builds(Execution, TEXTS, TEXTS, TEXTS)),
    sightings=st.builds(
        Sightings,
        some(st.builds(Sighting, TEXTS, PLACES, NUMBERS, NUMBERS, NUMBERS)),
        PAIRS,
    ),
)


@settings(max_examples=40)
@given(st.lists(st.tuples(TEXTS, OBSERVATIONS), max_size=3))
def test_what_was_written_is_read(named: list[tuple[str, Observations]]) -> None:
    assert from_bytes(to_bytes(named)) == named


@pytest.mark.parametrize(
    "name",
    [
        "traces/small/permissive",
        "traces/small/complete",
        "traces/libvirt/virtsecretd",
        "tests/traces/redaction/private_synthetic.log",
    ],
)
def test_recordings_come_back_as_they_were(name: str) -> None:
    trace = str(REPOSITORY / name)
    before_it_is_told = [(log.trace, observe_log(log)) for log in load(trace).logs]
    for named in ([("", read_trace(trace))], list(read_parts(trace)), before_it_is_told):
        assert from_bytes(to_bytes(named)) == named


def test_broken_bytes_are_told() -> None:
    data = to_bytes([("a", read_trace(str(TRACES / "small" / "permissive")))])
    line, _, numbers = data.partition(b"\n")
    other = line.replace(b'"format": 1', b'"format": 0')
    for broken in (b"", b"[]", b"{}", line, line[:-9] + b"\n" + numbers, data[:-8], data + bytes(8), data[:-1]):
        with pytest.raises(ObservationTableError):
            from_bytes(broken)
    with pytest.raises(ObservationTableError, match="another version"):
        from_bytes(other + b"\n" + numbers)


def test_a_number_that_does_not_fit_is_told() -> None:
    context = SecurityContext("u", "r", "t")
    evidence = Evidence(2**63, 0, 0)
    vector = AccessVector(context, context, "file", "read", Result.DENIED, None, evidence)
    with pytest.raises(OverflowError):
        to_bytes([("a", Observations((vector,)))])
