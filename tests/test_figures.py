# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/figures.md is of today's modules and traces, and other pages show no figures of their own.

The figures themselves are compared with what is measured in tests/test_policies.py.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.results import (
    ABLATION,
    BEGIN,
    BUDGET,
    END,
    ENFORCEMENT,
    FIGURES,
    PICTURES,
    POLICIES,
    README,
    SHOWN_FIGURES,
    ablated,
    enforced,
    inputs,
    loaded,
    planned,
    shipped,
    shortened,
    stale,
    with_demo,
)
from policytool.workflow.holdout import SHARES

REPOSITORY = Path(__file__).resolve().parent.parent
STALE = "the modules or traces have changed: make results"


def table(heading: str) -> Mapping[str, Mapping[str, str]]:
    """Return the rows of the table under HEADING, by their first cell; each has its cells by column."""
    section = FIGURES.read_text("utf-8").split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"
    ]
    (columns, _, *lines) = rows
    return {
        line[0]: {name: cell.replace(",", "") for name, cell in zip(columns, line, strict=True)} for line in lines
    }


def demo() -> str:
    """Return what `make demo` printed when the figures were made."""
    return FIGURES.read_text("utf-8").split("## What `make demo` prints\n", 1)[1].split("```\n")[1]


def test_the_figures_are_of_todays_modules_and_traces() -> None:
    assert f"`{inputs(shipped())}`" in FIGURES.read_text("utf-8"), STALE


def test_the_rules_and_cures_are_those_of_the_modules() -> None:
    rules, cures = table("Rules, and whether each is needed"), table("What became of each access")
    names = sorted(path.parent.name for path in POLICIES.glob("*/evidence.json"))
    assert sorted(cures) == [name.removesuffix(" (extension)") for name in sorted(rules)] == names
    for label, row in rules.items():
        name = label.removesuffix(" (extension)")
        evidence = json.loads((POLICIES / name / "evidence.json").read_text("utf-8"))
        text = (POLICIES / name / f"{evidence['module']}.te").read_text("utf-8")
        assert int(row["allow rules"]) == len(re.findall(r"^\s*allow ", text, re.MULTILINE)), STALE
        assert int(row["triples"]) == sum(int(row[part]) for part in ("floor", "used", "excess"))
        assert (label != name) == evidence["module"].endswith("_extension")
        keys = {
            (*(access[k] for k in ("source", "target", "tclass", "perm")), access["cure"])
            for access in evidence["accesses"]
        }
        counted = Counter(key[-1] for key in keys)
        assert {cure: int(cell) for cure, cell in cures[name].items() if cure != "daemon"} == {
            cure: counted[cure] for cure in cures[name] if cure != "daemon"
        }, STALE
        assert set(counted) <= set(cures[name]), STALE


def test_the_enforced_steps_are_those_of_the_proof() -> None:
    proof = json.loads(ENFORCEMENT.read_text("utf-8"))
    assert "\n".join(enforced(proof)) in FIGURES.read_text("utf-8"), STALE
    rows = table("All scenarios, enforced")
    assert sum(int(row["steps ok"]) + int(row["failed"]) for row in rows.values()) == proof["steps"]
    assert stale({"hashes": {}}) == (tuple(loaded()), tuple(planned()))


def test_what_a_step_needs_is_what_the_runs_said() -> None:
    result = json.loads(ABLATION.read_text("utf-8"))
    assert "\n".join(ablated(result)) in FIGURES.read_text("utf-8"), STALE
    assert all(each["step"] for each in result["permissions"] if each["verdict"] == "needed")


def test_the_readme_shows_what_the_demo_printed() -> None:
    readme = README.read_text("utf-8")
    assert readme == with_demo(readme, demo()), STALE
    shown = readme.split(BEGIN)[1].split(END)[0]
    assert "Compiling and linking" in shown
    assert "virtnetworkd_t " in shown


@pytest.mark.parametrize("name", ["README", "docs/comparison", "docs/limitations", "docs/minimal", "docs/tutorial"])
def test_no_other_page_has_a_table_of_figures(name: str) -> None:
    row = re.compile(r"^\| *`?(?:virt\w+d|svirt)(?:_t)?`?(?: [^|]*)? *\| *[\d,.]+", re.MULTILINE)
    assert row.findall((REPOSITORY / f"{name}.md").read_text("utf-8")) == [], "docs/figures.md has these"


def test_a_demo_is_shortened_to_a_few_modules() -> None:
    lines = ["module  rules", "virtlogd_extension  3", "virtlxcd  4", "svirt_extension  5", "12 modules linked",
             "virtqemud_t  6", "virtlxcd_t  7", "virtd_t (default base)  8"]  # fmt: skip
    assert shortened("\n".join(lines)).splitlines() == [
        line for line in lines if not line.startswith(("virtlxcd", "svirt"))
    ]
    assert with_demo(f"a\n{BEGIN}b\n{END}\nc", "new 1\n") == f"a\n{BEGIN}```\nnew 1\n```\n{END}\nc"


def test_an_input_that_changes_changes_the_hash(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    before = inputs([str(tmp_path)])
    assert before == inputs([str(tmp_path)])
    (tmp_path / "manifest.json").write_text('{"name": "other"}')
    assert inputs([str(tmp_path)]) != before


def test_the_pictures_are_of_todays_modules() -> None:
    surface = (PICTURES / "surface.svg").read_text()
    rows = re.findall(r"^(\w+_t(?: \([\w ]+\))?) +(\d+) ", demo(), re.MULTILINE)
    assert len(rows) > 15
    for domain, triples in rows:
        assert f"<title>{domain}: {int(triples):,}</title>" in surface, STALE
    readme = README.read_text("utf-8")
    for name in SHOWN_FIGURES:
        assert f"(docs/pictures/{name}.svg)" in readme
        assert (PICTURES / f"{name}.svg").stat().st_size < 40_000


def test_the_curve_is_that_of_the_figures() -> None:
    drawn = (PICTURES / f"{BUDGET}.svg").read_text()
    budgets = re.findall(r"^\| (\d+)\.0% \| (\d+) \| (\d+) \|$", FIGURES.read_text("utf-8"), re.MULTILINE)
    assert len(budgets) == len(SHARES)
    for share, added, saved in budgets:
        assert f"<title>{share}%: {added} permissions save {saved} denials</title>" in drawn, STALE
    assert f"(pictures/{BUDGET}.svg)" in (REPOSITORY / "docs" / "minimal.md").read_text("utf-8")


def test_the_graph_in_the_readme_has_each_edge_of_its_module() -> None:
    graph = next(name for name in SHOWN_FIGURES if name.startswith("graph-")).removeprefix("graph-")
    drawn = (PICTURES / f"graph-{graph}.svg").read_text()
    accesses = json.loads((POLICIES / graph / "evidence.json").read_text("utf-8"))["accesses"]
    kinds = {
        (access["source"], access["target"], access["tclass"], access["cure"])
        for access in accesses
        if access["cure"] != "granted by base"
    }
    assert drawn.count("<g><title>") == len(kinds), STALE
