# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from policytool.model.cure import Cure
from policytool.report.page.edges import edges_of
from policytool.report.page.graph_layout import COLUMN, Layout, laid_out, worst
from policytool.report.page.palette import text_width
from tests.report.page.test_edges_synthetic import OWNERS, access, evidence

NAMES = st.text("abcdefghij_", min_size=1, max_size=40)


def layout(targets: list[str], classes: list[str]) -> Layout:
    rows = [access(f"{target}_t", tclass, "read") for target in targets for tclass in classes]
    return laid_out(edges_of(evidence(*rows), OWNERS))


@given(st.lists(NAMES, min_size=1, max_size=120, unique=True), st.lists(NAMES, min_size=1, max_size=8, unique=True))
def test_no_two_rows_stand_upon_each_other_and_every_edge_is_there(targets: list[str], classes: list[str]) -> None:
    found = layout(targets, classes)
    taken = [(row.column, row.first + line) for row in found.rows for line in range(row.lines)]
    assert len(set(taken)) == len(taken)
    assert max(column for column, _ in taken) == found.columns - 1
    assert max(line for _, line in taken) < found.lines
    edges = [token.edge.number for row in found.rows for token in row.tokens]
    assert sorted(edges) == list(range(len(targets) * len(classes)))


@given(st.lists(st.text("abcdefghij_", min_size=1, max_size=20), min_size=1, max_size=9, unique=True))
def test_no_class_stands_beyond_its_column(classes: list[str]) -> None:
    for row in layout(["some_name"], classes).rows:
        for token in row.tokens:
            assert token.x + text_width(token.edge.tclass) <= COLUMN or len(token.edge.tclass) > 30


def test_a_large_graph_has_the_form_of_a_screen() -> None:
    found = layout([f"type_number_{number}" for number in range(150)], ["dir", "file"])
    assert 1.2 < found.width / found.height < 2.6
    assert found.rows[0].text == "the system's (150)"
    assert {row.text for row in found.rows if row.heading and row.column} == {"the system's, continued"}
    assert all(row.first == 0 for row in found.rows if row.heading)


def test_the_cure_that_a_person_should_look_at_counts() -> None:
    assert worst([Cure.ALLOW, Cure.REFUSED, Cure.GRANTED]) is Cure.REFUSED
    assert all(worst([cure, Cure.REFUSED]) is Cure.REFUSED for cure in Cure)
