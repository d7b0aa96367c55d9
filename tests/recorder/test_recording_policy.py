# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from policytool.recorder.recording_policy import complete_cil, permissive_cil


def test_recording_has_no_allow_and_both_directions() -> None:
    text = complete_cil({"b_t", "a_t"}, ["file"])
    assert "(allow" not in text
    assert "(typeattributeset policytool_recorded (a_t b_t))" in text
    assert "(auditallow policytool_recorded policytool_every (file (all)))" in text
    assert "(auditallow policytool_every policytool_recorded (file (all)))" in text


def test_permissive_is_one_statement_a_domain() -> None:
    assert permissive_cil({"b_t", "a_t"}) == "(typepermissive a_t)\n(typepermissive b_t)\n"
