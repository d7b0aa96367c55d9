# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from dataclasses import replace

from policytool.report.same_work import DAEMONS, SELF, Did, same_work
from tests.synthetic import DAEMON, observations, vector

WHOLE = replace(DAEMON, name="whole", domain="whole_t", replaced_by=("ad", "bd"))
PARTS = tuple(replace(DAEMON, name=name, domain=f"{name}_t") for name in ("ad", "bd"))
ALONE = observations(
    vector("whole_t", "etc_t", "file", "read"),
    vector("whole_t", "whole_t", "capability", "chown"),
    vector("other_t", "etc_t", "file", "write"),
)
TOGETHER = observations(
    vector("ad_t", "etc_t", "file", "read"),
    vector("ad_t", "ad_t", "capability", "chown"),
    vector("ad_t", "bd_t", "unix_stream_socket", "connectto"),
)
READ, CHOWN = Did("etc_t", "file", "read"), Did(SELF, "capability", "chown")
CONNECT = Did(DAEMONS, "unix_stream_socket", "connectto")


def test_what_each_did_in_the_scenarios_of_both() -> None:
    work = same_work(WHOLE, PARTS, [("one", ALONE), ("mine", ALONE)], [("one", TOGETHER), ("theirs", TOGETHER)])
    assert work.monolith == "whole"
    (one,) = work.scenarios
    assert one.name == "one"
    assert one.monolith == {READ, CHOWN}
    # The one that did nothing is not there.
    assert one.modular == {"ad": {READ, CHOWN, CONNECT}}
    assert one.largest == ("ad", one.union)


def test_a_scenario_recorded_twice_is_one_and_all_are_their_union() -> None:
    again = observations(vector("bd_t", "etc_t", "file", "read"), vector("bd_t", "tmp_t", "file", "read"))
    work = same_work(
        WHOLE, PARTS, [("one", ALONE), ("two", ALONE)], [("one", TOGETHER), ("one", again), ("two", again)]
    )
    assert [each.name for each in work.scenarios] == ["one", "two"]
    assert work.scenarios[0].modular.keys() == {"ad", "bd"}
    whole = work.together
    assert whole.monolith == {READ, CHOWN}
    assert whole.union == {READ, CHOWN, CONNECT, Did("tmp_t", "file", "read")}


def test_a_scenario_in_which_one_side_did_nothing_is_left_out() -> None:
    nothing = observations(vector("other_t", "etc_t", "file", "read"))
    assert same_work(WHOLE, PARTS, [("one", ALONE)], [("one", nothing)]).scenarios == ()
    assert same_work(WHOLE, PARTS, [("one", nothing)], [("one", TOGETHER)]).scenarios == ()
