# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from policytool.generate.neighbours import neighbours


def test_labels_in_one_folder_and_on_the_folder_itself_are_neighbours() -> None:
    found = neighbours(
        [("/var/lib/app", "a_t"), ("/var/lib/app/in", "b_t"), ("/var/lib/app/out", "c_t"), ("/x", "d_t")]
    )
    assert found["b_t"] == {"a_t", "c_t"}
    assert found["a_t"] == {"b_t", "c_t"}
    assert "d_t" not in found


def test_a_pattern_for_anything_in_a_folder_is_in_it() -> None:
    assert neighbours([("/srv/app/", "a_t"), ("/srv/app/x", "b_t")]) == {
        "a_t": frozenset({"b_t"}),
        "b_t": frozenset({"a_t"}),
    }


def test_a_folder_of_everybody_says_nothing() -> None:
    crowd = [(f"/etc/file{number}", f"t{number}_t") for number in range(9)]
    assert neighbours(crowd) == {}
    assert len(neighbours(crowd[:8])["t0_t"]) == 7


def test_what_has_no_label_is_nobodys_neighbour() -> None:
    assert neighbours([("/srv/app/x", ""), ("/srv/app/y", "a_t")]) == {}
