# SPDX-License-Identifier: GPL-2.0-or-later
"""Records of other projects, which stay outside the repository: read where they are at hand."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from policytool.traces.bundle import read_trace

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"

# What the table of expectations has and these readers do not, each with the reason.
NOT_READ = {
    "odd/audit-userspace-commits.interpreted.log": "a category list with a space in it: reported as truncated",
    "odd/openstack-selinux-tests.kernel-or-syslog.log": "prefixes of grep and of a mailed log",
    "odd/openstack-selinux-tests.other.log": "stamps replaced by dots: reported as bad stamps",
    "odd/refpolicy-commits.bare-or-journal.log": "no stamp at all",
    "odd/refpolicy-commits.folded-bare-or-journal.log": "no stamp at all",
    "odd/refpolicy-commits.folded-kernel-or-syslog.log": "comment marks before the record",
    "odd/refpolicy-commits.folded-raw.log": "types cut in the middle: reported as truncated",
    "odd/refpolicy-commits.kernel-or-syslog.log": "prefixes of audispd, rsyslog and others",
    "odd/selinux-notebook.folded-bare-or-journal.log": "no stamp, or one within typesetting marks",
    "odd/selinux-notebook.kernel-or-syslog.log": "Android's prefixes",
}

Key = tuple[str, str, str, str, str]


def _expected() -> dict[str, Counter[Key]]:
    table: dict[str, Counter[Key]] = {
        str(path.relative_to(CORPUS)): Counter() for path in (*CORPUS.glob("*.log"), *CORPUS.glob("odd/*.log"))
    }
    if table:
        with (CORPUS / "expected.tsv").open(encoding="utf-8") as rows:
            for row in csv.DictReader(rows, delimiter="\t"):
                key = (row["result"], row["source"], row["target"], row["tclass"], row["perm"])
                table[row["file"]][key] = int(row["lines"])
    return table


def test_every_record_of_the_corpus_is_read_or_listed() -> None:
    table = _expected()
    if not table:
        pytest.skip("the corpus of other projects' records is not beside the repository")
    differing = set()
    for file, expected in table.items():
        observations = read_trace(str(CORPUS / file))
        got: Counter[Key] = Counter()
        for vector in observations.vectors:
            got[(vector.result.value, *vector.key)] += vector.evidence.count
        assert not got - expected, f"{file}: read what is not there"
        if got != expected:
            differing.add(file)
            assert observations.unread_total, f"{file}: left out silently"
    assert differing == set(NOT_READ)
