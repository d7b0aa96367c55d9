# SPDX-License-Identifier: GPL-2.0-or-later
"""What a proof is about: a comment keeps it, a permission makes it stale. Compiled by the real checkmodule."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policytool.errors import InputError
from policytool.lab.loaded import loaded_modules, scenario_files
from policytool.lab.scenario import batches, choose

TE = """\
policy_module(synthetic, 1.0.0)
gen_require(`
	type bin_t, etc_t;
')
type synthetic_t;
type synthetic_conf_t;
allow synthetic_t etc_t:file { open read };
allow synthetic_t synthetic_conf_t:dir search;
optional_policy(`
	gen_require(`
		type locale_t;
	')
	allow synthetic_t locale_t:file read;
')
"""
FC = "/etc/synthetic\\.conf\t--\tgen_context(system_u:object_r:synthetic_conf_t,s0)\n"
EVIDENCE = {
    "format": 1,
    "module": "synthetic",
    "domain": "synthetic_t",
    "accesses": [
        {"source": "synthetic_t", "target": "other_t", "tclass": "process", "perm": "transition",
         "cure": "granted by base", "count": 1, "first": 1, "last": 1},
        {"source": "synthetic_t", "target": "synthetic_t", "tclass": "process", "perm": "execmem",
         "cure": "refused", "reason": "why", "count": 1, "first": 1, "last": 1, "uses": []},
    ],
}  # fmt: skip


def digest_of(folder: Path, te: str = TE, fc: str = FC, evidence: object = EVIDENCE) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "synthetic.te").write_text(te)
    (folder / "synthetic.fc").write_text(fc)
    (folder / "evidence.json").write_text(json.dumps(evidence))
    (name, digest) = next(iter(loaded_modules([folder]).items()))
    assert name == "synthetic"
    return digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("type synthetic_t;", "# a comment\ntype synthetic_t;"),
        ("1.0.0", "1.1.0"),
        ("{ open read }", "{ read open }"),
        ("etc_t:file { open read };", "etc_t:file open;\nallow synthetic_t etc_t:file read;"),
        ("type bin_t, etc_t;", "type etc_t;"),
        ("allow synthetic_t synthetic_conf_t:dir search;\n", ""),
    ],
)
def test_the_text_may_change(tmp_path: Path, old: str, new: str) -> None:
    te = TE.replace(old, new)
    if not new:
        te += old  # moved behind the optional block
    assert te != TE
    assert digest_of(tmp_path, te) == digest_of(tmp_path)


def test_an_optional_block_that_is_in_force_may_come_and_go(tmp_path: Path) -> None:
    block = TE[TE.index("optional_policy(") :]
    plain = TE.replace(block, "allow synthetic_t locale_t:file read;\n").replace("bin_t,", "bin_t, locale_t,")
    assert digest_of(tmp_path, plain) == digest_of(tmp_path)
    off = TE.replace("locale_t", "nowhere_t")
    assert digest_of(tmp_path, off) not in (digest_of(tmp_path), digest_of(tmp_path, TE.replace(block, "")))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{ open read }", "{ open read write }"),
        ("{ open read }", "open"),
        ("locale_t:file read", "locale_t:file { open read }"),
        ("type synthetic_conf_t;", "type synthetic_conf_t;\ntype synthetic_runtime_t;"),
    ],
)
def test_a_permission_more_or_less_makes_a_proof_stale(tmp_path: Path, old: str, new: str) -> None:
    assert digest_of(tmp_path, TE.replace(old, new)) != digest_of(tmp_path)


def test_a_label_more_makes_it_stale_and_a_comment_does_not(tmp_path: Path) -> None:
    assert digest_of(tmp_path, fc=FC + FC.replace("--", "-d")) != digest_of(tmp_path)
    assert digest_of(tmp_path, fc=f"# a comment\n{FC}") == digest_of(tmp_path)


def test_of_the_evidence_counts_what_the_run_asks_it(tmp_path: Path) -> None:
    text = json.dumps(EVIDENCE)
    told = digest_of(tmp_path)
    for same in (text.replace('"why"', '"another reason"'), text.replace('"count": 1', '"count": 2')):
        assert digest_of(tmp_path, evidence=json.loads(same)) == told
    # Another domain that enforces, and a denial that would no longer be expected.
    for other in (text.replace("other_t", "third_t"), text.replace('"refused"', '"allow"')):
        assert digest_of(tmp_path, evidence=json.loads(other)) != told


def test_a_module_that_does_not_compile_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere_t"):
        digest_of(tmp_path, TE + "allow synthetic_t nowhere_t:file read;\n")


def test_a_step_more_makes_a_boot_stale(tmp_path: Path) -> None:
    batch = batches(choose(("virtsecretd",)))["virtsecretd"]
    mine = tmp_path / "virtsecretd-keep.sh"
    mine.write_bytes(batch[mine.name].read_bytes())
    assert scenario_files({**batch, mine.name: mine}) == scenario_files(batch)
    mine.write_text(mine.read_text() + "step virtsecretd more true\n")
    assert scenario_files({**batch, mine.name: mine}) != scenario_files(batch)
