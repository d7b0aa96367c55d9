# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytool.model.context import ContextError, SecurityContext, is_identifier


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("system_u:system_r:init_t:s0", ("system_u", "system_r", "init_t", "s0")),
        ("system_u:object_r:etc_t", ("system_u", "object_r", "etc_t", "")),
        ("system_u:system_r:svirt_t:s0:c272,c902", ("system_u", "system_r", "svirt_t", "s0:c272,c902")),
        ("u:r:a.b-c_t:s0-s15:c0.c1023", ("u", "r", "a.b-c_t", "s0-s15:c0.c1023")),
    ],
)
def test_parse(text: str, parts: tuple[str, str, str, str]) -> None:
    context = SecurityContext.parse(text)
    assert (context.user, context.role, context.type_, context.range_) == parts
    assert str(context) == text


@pytest.mark.parametrize(
    "text",
    ["", "init_t", "a:b", "a:b:", "a:b:c:", "a:b:c d", "a:b:c;", "a:b:c\n", "a:b:1c", "a:b:c.", "a:b:c:s0 }"],
)
def test_what_is_no_context_is_an_error(text: str) -> None:
    with pytest.raises(ContextError):
        SecurityContext.parse(text)


@given(st.text(max_size=60))
def test_whatever_parses_is_made_of_identifiers(text: str) -> None:
    try:
        context = SecurityContext.parse(text)
    except ContextError:
        return
    assert all(is_identifier(part) for part in (context.user, context.role, context.type_))
    assert not set(str(context)) & set(" \t\n\"'`;(){}")
    assert SecurityContext.parse(str(context)) == context
