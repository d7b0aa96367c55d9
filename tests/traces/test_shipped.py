# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/traces.md says what the shipped bundles are, and they are what an evidence has to be."""

from __future__ import annotations

import re
from pathlib import Path

from policytool.traces.bundle.bundle import read_manifest

REPOSITORY = Path(__file__).parents[2]
BUNDLES = sorted(path.parent for path in (REPOSITORY / "traces" / "libvirt").glob("*/manifest.json"))
_ROW = re.compile(r"^\| (\S+) \| (\d+) \| (\d+) \| (\d+) \| ", re.MULTILINE)


def test_the_table_is_what_the_manifests_say() -> None:
    text = (REPOSITORY / "docs" / "traces.md").read_text("utf-8")
    told = {name: tuple(map(int, numbers)) for name, *numbers in _ROW.findall(text)}
    found = {}
    for folder in BUNDLES:
        manifest = read_manifest(folder)
        kept = sum(one.records if one.reduced is None else one.reduced.kept for one in manifest.evidence)
        scenarios = sum(one.trace != "boot" for one in manifest.evidence)
        found[folder.name] = (scenarios, manifest.records, kept)
    assert told == found


def test_a_daemons_bundle_is_complete_and_has_lost_nothing() -> None:
    daemons = [folder for folder in BUNDLES if folder.name.startswith("virt")]
    assert len(daemons) >= 9
    for folder in daemons:
        manifest = read_manifest(folder)
        assert manifest.complete, folder.name
        assert manifest.facts.lost == 0, folder.name
        assert len({one.trace for one in manifest.evidence} - {"boot"}) >= 3, folder.name


def test_they_are_ten_megabytes_at_most() -> None:
    assert sum(path.stat().st_size for folder in BUNDLES for path in folder.iterdir()) < 10_000_000
