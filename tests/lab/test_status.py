# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from policytool.lab.status import Status, Step

LINES = """\
BOOTED 6.1.0
NOTE lost-before 0
SCENARIO virtsecretd-keep
STEP virtsecretd list ok
OUT said by a step that is ok
STEP virtsecretd define FAIL
OUT error: no
OUT error: really
STEP virtsecretd half
SCENARIO virtsecretd-wrong
"""


def read(text: str) -> Status:
    status = Status()
    for line in text.splitlines():
        status.read(line)
    return status


def test_steps_belong_to_their_scenario_and_keep_what_a_failed_one_said() -> None:
    status = read(LINES)
    assert status.steps == [
        Step("virtsecretd-keep", "virtsecretd", "list", True),
        Step("virtsecretd-keep", "virtsecretd", "define", False, ("error: no", "error: really")),
    ]
    assert status.notes == {"lost-before": "0"}
    assert status.unknown == 1
    assert status.done is None


def test_the_place_says_where_a_machine_was_last_heard_of() -> None:
    assert read("").place == "before the runner had started"
    assert read("BOOTED 6.1\n").place == "before the first scenario"
    assert read(LINES).place == "in virtsecretd-wrong, before its first step"
    assert read(LINES + "STEP d n ok\n").place == "in virtsecretd-wrong, after the step n"


def test_done_has_a_number() -> None:
    assert read("DONE 0\n").done == 0
    assert read("DONE what\n").done == 255
