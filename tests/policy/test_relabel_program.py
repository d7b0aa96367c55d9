# SPDX-License-Identifier: GPL-2.0-or-later
"""Synthetic accesses to a program's file, before it had a type of its own."""

from __future__ import annotations

from dataclasses import replace

from policytool.policy.relabel_program import relabel_programs
from tests.synthetic import vector

TYPES = {"/usr/bin/tool": "alphad_tool_exec_t"}


def test_the_file_has_its_new_type_whoever_looks_at_it() -> None:
    seen = vector("betad_t", "bin_t", "file", "getattr", path="/usr/bin/tool", program="/usr/bin/ls")
    assert [vector.key for vector in relabel_programs([seen], TYPES)] == [
        ("betad_t", "alphad_tool_exec_t", "file", "getattr")
    ]


def test_of_a_start_the_program_tells_which_file_it_is() -> None:
    seen = vector("alphad_t", "bin_t", "file", "execute_no_trans", program="/usr/bin/tool", path="/proc/self/fd/5")
    assert [vector.target.type_ for vector in relabel_programs([seen], TYPES)] == ["alphad_tool_exec_t"]


def test_uses_of_other_files_and_unknown_ones_stay() -> None:
    tool = vector("alphad_t", "bin_t", "file", "read", path="/usr/bin/tool")
    other = vector("alphad_t", "bin_t", "file", "read", path="/usr/bin/other")
    evidence = tool.evidence.merge(other.evidence)
    both = replace(tool, evidence=replace(evidence, count=evidence.count + 3))
    assert [(vector.target.type_, vector.evidence.count) for vector in relabel_programs([both], TYPES)] == [
        ("alphad_tool_exec_t", 1),
        ("bin_t", 4),
    ]


def test_what_is_no_file_or_has_its_type_already_stays() -> None:
    seen = (
        vector("alphad_t", "alphad_tool_exec_t", "file", "read", path="/usr/bin/tool"),
        vector("alphad_t", "bin_t", "lnk_file", "read", path="/usr/bin/tool"),
    )
    assert relabel_programs(seen, TYPES) == seen
    assert relabel_programs(seen, {}) == seen
