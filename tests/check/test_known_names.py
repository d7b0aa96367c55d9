# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from difflib import get_close_matches

from hypothesis import given
from hypothesis import strategies as st

from policytool.check.known_names import KnownNames

NAMES = st.text(alphabet="abc_t", min_size=1, max_size=12)


def test_the_nearest_name_is_told_with_its_module() -> None:
    known = KnownNames({"greeter_t": "greeter", "greeted_t": "greeted"}, {"greeter_read_log": "greeter"})
    assert known.nearest("greeterr_t") == "the nearest is greeter_t, of the module greeter"
    assert (
        known.nearest("greeter_read_logs", interface=True)
        == "the nearest is greeter_read_log, of the module greeter"
    )
    assert known.nearest("greeter_read_logs") == ""


@given(NAMES, st.lists(NAMES, max_size=8))
def test_the_nearest_is_what_difflib_finds_among_all(name: str, others: list[str]) -> None:
    known = KnownNames(dict.fromkeys(others, "module"), {})
    found = get_close_matches(name, list(dict.fromkeys(others)), n=1, cutoff=0.87)
    assert known.nearest(name) == (f"the nearest is {found[0]}, of the module module" if found else "")
