# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policytool.model.paths import escaped, literal_start

PATHS = st.text(st.sampled_from("/ab.-+*{\\\n"), max_size=8)


@settings(max_examples=50)
@given(PATHS, st.sampled_from(["", "(/.*)?", ".*", "[0-9]+", "$", "|x", "\\"]))
def test_a_pattern_begins_with_the_path_that_it_was_made_of(path: str, rest: str) -> None:
    assert literal_start(escaped(path) + rest) == path


@settings(max_examples=50)
@given(PATHS, st.sampled_from("?*{"))
def test_what_may_be_repeated_or_not_there_is_no_part_of_it(path: str, mark: str) -> None:
    assert literal_start(escaped(path) + mark) == path[:-1]


@pytest.mark.parametrize(("pattern", "start"), [("", ""), ("?", ""), ("\\", ""), ("/a\\..*", "/a.")])
def test_ends_of_patterns(pattern: str, start: str) -> None:
    assert literal_start(pattern) == start
