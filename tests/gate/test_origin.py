# SPDX-License-Identifier: GPL-2.0-or-later
"""Growth of refpolicy modules, compiled with the distribution's headers: the line of the .te and the call on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from policytool.toolchain.base import Base
from policytool.workflow.growth_findings import growth_findings
from tests.gate.tiny_base import modules

TE = """policy_module(m, 1.0.0)
gen_require(`
	type etc_t;
	bool secure_mode;
')
type m_t;
domain_type(m_t)
role system_r types m_t;
optional_policy(`
	files_search_etc(m_t)
	# more calls
@CALLS@
')
tunable_policy(`secure_mode',`
	allow m_t etc_t:file
		{ @READ@ };
')
@END@
"""
IF = """## <summary>Of a test.</summary>
interface(`m_use',`
	gen_require(`
		type m_t;
	')
	# A comment; with `quotes' in it.
	allow $1 m_t:fd use;
@MORE@
')
"""


def text(calls: str = "", read: str = "getattr", end: str = "") -> str:
    return TE.replace("@CALLS@", calls).replace("@READ@", read).replace("@END@", end)


@pytest.mark.base
@pytest.mark.parametrize(
    ("changed", "id_", "line", "call"),
    [
        (text(calls="\tkernel_read_system_state(m_t)"), "G-allow", 12, "kernel_read_system_state(m_t)"),
        (text(calls="\tallow m_t etc_t:dir watch;"), "G-allow", 12, ""),
        (text(read="read"), "G-conditional", 15, ""),
        (text(end="corenet_tcp_bind_generic_node(m_t)"), "G-allow", 18, "corenet_tcp_bind_generic_node(m_t)"),
        (text(end="files_read_etc_files(m_t)"), "G-allow", 18, "files_read_etc_files(m_t)"),
        (text(end="permissive m_t;"), "G-permissive", 18, ""),
        (text(end="role user_r types m_t;").replace("bool sec", "role user_r; bool sec"), "G-role", 18, ""),
        (text(end="corecmd_shell_entry_type(m_t)"), "G-entrypoint", 18, "corecmd_shell_entry_type(m_t)"),
    ],
)
def test_a_line_and_its_call_are_named(
    small_base: Base, tmp_path: Path, changed: str, id_: str, line: int, call: str
) -> None:
    before = modules(tmp_path / "old", small_base, {"m.te": text(), "m.if": IF.replace("@MORE@", "")})
    after = modules(tmp_path / "new", small_base, {"m.te": changed, "m.if": IF.replace("@MORE@", "")})
    found = growth_findings(before, after)
    assert (id_, line, call) in {(one.id, one.line, one.call) for one in found}, found
    assert {one.file for one in found} == {str(tmp_path / "new" / "m.te")}


@pytest.mark.base
def test_an_interface_that_grants_more_is_told_at_its_line(small_base: Base, tmp_path: Path) -> None:
    more = "\tallow $1 m_t:process signal;\n\toptional_policy(`\n\t\tdomtrans_pattern($1, m_t, m_t)\n\t')"
    less = "\toptional_policy(`\n\t\tallow $1 m_t:process\n\t\t\tsignal;\n\t')"
    before = modules(tmp_path / "old", small_base, {"m.te": text(), "m.if": IF.replace("@MORE@", less)})
    after = modules(tmp_path / "new", small_base, {"m.te": text(), "m.if": IF.replace("@MORE@", more)})
    found = [(one.file, one.line, one.id, one.message) for one in growth_findings(before, after)]
    file = str(tmp_path / "new" / "m.if")
    said = "interface m_use gives its callers more: "
    assert found == [
        (file, 8, "G-interface", f"{said}allow $1 m_t:process signal"),
        (file, 10, "G-interface", f"{said}optional_policy( domtrans_pattern($1, m_t, m_t)"),
    ]
    assert growth_findings(before, before) == ()


@pytest.mark.base
def test_a_caller_in_another_module_grows_by_an_interface_of_ours(small_base: Base, tmp_path: Path) -> None:
    caller = "policy_module(n, 1.0.0)\ntype n_t;\ndomain_type(n_t)\nm_use(n_t)\n"
    files = {"m.te": text(), "n.te": caller}
    before = modules(tmp_path / "old", small_base, {**files, "m.if": IF.replace("@MORE@", "")})
    grown = IF.replace("@MORE@", "\tallow $1 m_t:process signal;")
    after = modules(tmp_path / "new", small_base, {**files, "m.if": grown})
    (here,) = [one for one in growth_findings(before, after) if one.id == "G-allow"]
    assert (here.file, here.line, here.call) == (str(tmp_path / "new" / "n.te"), 4, "m_use(n_t)")
    assert here.hint == f"the interface is defined at {tmp_path / 'new' / 'm.if'}:2"


@pytest.mark.base
def test_a_neverallow_rule_with_an_exemption_more_is_told(small_base: Base, tmp_path: Path) -> None:
    # pp writes a numbered set, whose number stays.
    rule = "neverallow { m_t @MORE@ } etc_t:file write;"
    before = modules(tmp_path / "old", small_base, {"m.te": text(end=rule.replace("@MORE@", "etc_t"))})
    after = modules(tmp_path / "new", small_base, {"m.te": text(end=rule.replace("@MORE@", "-etc_t"))})
    found = growth_findings(before, after)
    assert {finding.id for finding in found} == {"G-neverallow"}
    assert all(finding.message.startswith("no longer forbidden: (neverallow ") for finding in found)


@pytest.mark.base
def test_a_comment_disables_growth(small_base: Base, tmp_path: Path) -> None:
    comment = "permissive m_t; # policytool: disable=G-permissive until the next release"
    before = modules(tmp_path / "old", small_base, {"m.te": text()})
    after = modules(tmp_path / "new", small_base, {"m.te": text(end=comment)})
    (found,) = growth_findings(before, after)
    assert (found.id, found.disabled, found.fails) == ("G-permissive", "until the next release", False)
