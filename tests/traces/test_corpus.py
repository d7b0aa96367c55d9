# SPDX-License-Identifier: GPL-2.0-or-later
"""Records of other projects, which stay outside the repository: read where they are at hand."""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path

import pytest

from policytool.traces.bundle.bundle import read_trace

CORPUS = Path(os.environ.get("POLICYTOOL_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))

# What the table of expectations has and these readers do not, each with the reason. All of it is reported.
TORN = "a space, or the loss of a letter, within a name: the table has a piece of the name as a name"
NOT_READ = {
    ("odd/refpolicy-commits.bare-or-journal.log", "accounts var_log_t dir watch"): TORN,
    ("odd/refpolicy-commits.folded-bare-or-journal.log", "ofono_t system_u:object_r dir search"): TORN,
    ("odd/refpolicy-commits.folded-bare-or-journal.log", "root: security_t file map"): TORN,
    ("odd/refpolicy-commits.folded-bare-or-journal.log", "sysadm_systemd_tmpfiles_t nsf file getattr"): TORN,
    ("odd/refpolicy-commits.folded-raw.log", "geoclue_t init_runtime_ dir search"): TORN,
    ("odd/refpolicy-commits.folded-raw.log", "geoclue_t syslogd_runtim dir search"): TORN,
    ("refpolicy-commits.log", "pcs_snmp_agent_t init_t s status"): "cut short within the class: service, not s",
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
    missing = {}
    read_all = 0
    for file, expected in table.items():
        observations = read_trace(str(CORPUS / file))
        got: Counter[Key] = Counter()
        for vector in observations.vectors:
            got[(vector.result.value, *vector.key)] += vector.evidence.count
        assert not got - expected, f"{file}: read what is not there"
        read_all += len(got)
        for key in expected - got:
            assert observations.unread_total, f"{file}: left out silently"
            missing[file, " ".join(key[1:])] = key
    assert set(missing) == set(NOT_READ)
    assert read_all >= 0.995 * sum(len(expected) for expected in table.values())
