# SPDX-License-Identifier: GPL-2.0-or-later
"""Comments that disable findings: where they hold, and that they need a reason."""

from __future__ import annotations

import pytest

from policytool.check.disabled import read_disabled, with_disabled
from policytool.check.findings import Finding, ModuleSource, SourceFile
from policytool.check.lints import lint


def findings(text: str, path: str = "m.te") -> list[tuple[str, int, str]]:
    file = SourceFile(path, text)
    source = ModuleSource("m", cil=file) if path.endswith(".cil") else ModuleSource("m", te=file)
    disabled = read_disabled([source])
    found: list[Finding] = [*with_disabled(lint(source), disabled), *disabled.findings]
    return [(finding.id, finding.line, finding.disabled) for finding in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("permissive a_t; # policytool: disable=W-permissive until the rules are complete\n",
         [("W-permissive", 1, "until the rules are complete")]),
        ("# policytool: disable=W-permissive being tried\npermissive a_t;\n", [("W-permissive", 2, "being tried")]),
        ("# policytool: disable=W-memory, W-permissive both\npermissive a_t;\n", [("W-permissive", 2, "both")]),
        ("# policytool: disable=W-memory another\npermissive a_t;\n", [("W-permissive", 2, "")]),
        ("# policytool: disable=W-permissive far\n\npermissive a_t;\n", [("W-permissive", 3, "")]),
        ("permissive a_t; # policytool: disable=W-permissive\n", [("W-permissive", 1, ""), ("E-disable", 1, "")]),
        ("permissive a_t; # policytool: disable=W-permissive -\n", [("W-permissive", 1, ""), ("E-disable", 1, "")]),
        ("policy_module(n, 1) # policytool: disable=E-name a reason\n", [("E-name", 1, ""), ("E-disable", 1, "")]),
        ("# policytool: disable=W-nothing a reason\n", [("E-disable", 1, "")]),
    ],
)  # fmt: skip
def test_a_comment_disables_with_a_reason(text: str, expected: list[tuple[str, int, str]]) -> None:
    assert findings(text) == expected


def test_cil_has_comments_of_its_own() -> None:
    text = "(typepermissive a_t) ; policytool: disable=W-permissive tried\n"
    assert findings(text, "m.cil") == [("W-permissive", 1, "tried")]


def test_a_finding_of_another_file_is_not_disabled() -> None:
    disabled = read_disabled([ModuleSource("m", te=SourceFile("m.te", "# policytool: disable=G-allow r\n"))])
    here, there = with_disabled(
        [Finding("m.te", 2, "G-allow", "m", "x"), Finding("n.te", 2, "G-allow", "m", "x")], disabled
    )
    assert not here.fails
    assert there.fails
