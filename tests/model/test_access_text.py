# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from policytool.model.access_text import access_keys


def test_an_access_for_each_permission() -> None:
    assert list(access_keys("a_t b_t:file open read")) == [
        ("a_t", "b_t", "file", "open"),
        ("a_t", "b_t", "file", "read"),
    ]
    assert list(access_keys(" a_t  self:process execmem ")) == [("a_t", "a_t", "process", "execmem")]


@pytest.mark.parametrize("text", ["", "a_t", "a_t b_t", "a_t b_t:file", "a_t :file read", "b_t:file read"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="SOURCE TARGET:CLASS PERM"):
        list(access_keys(text))
