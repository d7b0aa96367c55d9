# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from pathlib import Path

from policytool.lab.skeleton_change import skeleton_changes

TE = """policy_module(a, 1.0.0)
gen_require(`
\ttype etc_t;
')
type a_t, domain;
type_transition a_t etc_t:file a_conf_t;
allow a_t etc_t:file read;
optional_policy(`
\ttype_transition a_t b_conf_t:dir a_conf_t "x";
')
"""
FC = "# comment\n/etc/a(/.*)?\tgen_context(system_u:object_r:a_conf_t,s0)\n"


def modules(folder: Path, te: str, fc: str = FC) -> Path:
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "a.te").write_text(te)
    (folder / "a" / "a.fc").write_text(fc)
    return folder


def test_other_rules_are_no_other_skeleton(tmp_path: Path) -> None:
    before = modules(tmp_path / "1", TE)
    te = TE.replace("file read", "file { open read }").replace("type etc_t", "type usr_t")
    after = modules(tmp_path / "2", te)
    assert skeleton_changes(before, after) == {}


def test_each_declaration_transition_and_file_context_counts(tmp_path: Path) -> None:
    before = modules(tmp_path / "1", TE)
    for number, (te, fc) in enumerate(
        [
            (TE.replace("type a_t, domain;", "type a_t, domain, file_type;"), FC),
            (TE.replace('a_conf_t "x"', 'a_conf_t "y"'), FC),
            (TE, FC.replace("/etc/a", "/etc/b")),
        ]
    ):
        (change,) = skeleton_changes(before, modules(tmp_path / f"after{number}", te, fc)).values()
        assert (len(change.new), len(change.gone)) == (1, 1)
        assert "1 statements are new and 1 gone" in change.text()


def test_a_module_more_is_a_change(tmp_path: Path) -> None:
    before = tmp_path / "1"
    before.mkdir()
    assert list(skeleton_changes(before, modules(tmp_path / "2", TE))) == ["a"]
