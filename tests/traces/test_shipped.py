# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/traces.md says what the shipped bundles are, and they are what an evidence has to be."""

from __future__ import annotations

import re
from pathlib import Path

from policytool.traces.bundle.bundle import read_manifest

REPOSITORY = Path(__file__).parents[2]
BUNDLES = sorted(path.parent for path in (REPOSITORY / "traces").glob("*/*/manifest.json"))
_ROW = re.compile(r"^\| (\S+) \| (\d+) \| (\d+) \| (\d+) \| ", re.MULTILINE)


def test_the_table_is_what_the_manifests_say() -> None:
    text = (REPOSITORY / "docs" / "traces.md").read_text("utf-8")
    told = {name: tuple(map(int, numbers)) for name, *numbers in _ROW.findall(text)}
    found = {}
    for folder in BUNDLES:
        manifest = read_manifest(folder)
        kept = sum(file.records if file.reduced is None else file.reduced.kept for file in manifest.evidence)
        scenarios = sum(file.trace != "boot" for file in manifest.evidence)
        found[folder.name] = (scenarios, manifest.records, kept)
    assert told == found


def test_a_daemons_bundle_is_complete_and_has_lost_nothing() -> None:
    shipped = [folder for folder in BUNDLES if folder.parent.name == "libvirt"]
    scenarios: dict[str, set[str]] = {}
    for folder in shipped:
        manifest = read_manifest(folder)
        assert manifest.complete, folder.name
        assert manifest.facts.lost == 0, folder.name
        # A daemon may have several boots: virtqemud, virtqemud-2.
        scenarios.setdefault(folder.name.split("-")[0], set()).update(file.trace for file in manifest.evidence)
    daemons = scenarios.keys() - {"clients", "every", "zz"}  # of all of them
    assert len(daemons) >= 13
    assert min(len(scenarios[name] - {"boot"}) for name in daemons) >= 3


def test_they_are_twelve_megabytes_at_most() -> None:
    shipped = (folder for folder in BUNDLES if folder.parent.name == "libvirt")
    assert sum(path.stat().st_size for folder in shipped for path in folder.iterdir()) <= 12_000_000
