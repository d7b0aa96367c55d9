# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from policytool.policy.signatures import MacroKind, Parameter, Signature, parse_signatures

TYPE, CLASS, FILE_NAME, OTHER = Parameter

# Shaped like refpolicy's; written for this test.
SYNTHETIC = """
## <summary>Read the notes.</summary>
## <param name="domain">
##	<summary>Domain allowed access.</summary>
## </param>
#
interface(`notes_read',`
	gen_require(`
		type notes_t;
	')

	# Who reads `notes', searches $1 too.
	read_files_pattern($1, notes_t, notes_t)
')

## <param name="domain">
## <param name="private type">
## <param name="object">
## <param name="name" optional="true">
interface(`notes_filetrans',`
	filetrans_pattern($1, notes_t, $2, $3, $4)
')

## <param name="domain">
## <param name="role">
interface(`notes_run',`
	notes_domtrans($1)
	role $2 types notes_t;
')

## <param name="domain">
interface(`notes_read_all',`
	refpolicywarn(`$0($*) has been deprecated')
	notes_read($1)
')

## <param name="prefix">
template(`notes_template',`
	type $1_notes_t;
')

interface(`notes_undocumented',`
	allow $1 $2:notes write;
')
"""

PATTERNS = """
define(`notes_pattern',`
	allow $1 $2:dir search_dir_perms;
	type_transition $1 $2:$4 $3 $5;
')

define(`start_pattern',`
	type_transition $1 $2:process $3;
')
"""


def test_interfaces_and_templates() -> None:
    assert parse_signatures(SYNTHETIC) == (
        Signature("notes_read", MacroKind.INTERFACE, (TYPE,)),
        Signature("notes_filetrans", MacroKind.INTERFACE, (TYPE, TYPE, CLASS, FILE_NAME)),
        Signature("notes_run", MacroKind.INTERFACE, (TYPE, OTHER)),
        Signature("notes_read_all", MacroKind.INTERFACE, (TYPE,), deprecated=True),
        Signature("notes_template", MacroKind.TEMPLATE, (OTHER,)),
        Signature("notes_undocumented", MacroKind.INTERFACE, (TYPE, TYPE)),
    )


def test_patterns_have_no_documentation() -> None:
    assert parse_signatures(PATTERNS) == (
        Signature("notes_pattern", MacroKind.PATTERN, (TYPE, TYPE, TYPE, CLASS, FILE_NAME)),
        Signature("start_pattern", MacroKind.PATTERN, (TYPE, TYPE, TYPE)),
    )


def test_what_is_not_closed_is_left_out() -> None:
    assert parse_signatures("interface(`open',`\n\tallow $1 self:fd use;\n") == ()


PIECES = st.sampled_from(
    ["interface(`a',`", "define(`b',`", "')", "'", "`", "$1", "$9", "\n", "refpolicywarn", '<param name="']
)


@given(st.lists(PIECES).map("".join))
def test_any_text_is_read(text: str) -> None:
    for signature in parse_signatures(text):
        assert len(signature.parameters) <= 9
