# SPDX-License-Identifier: GPL-2.0-or-later
"""Assertion files: what breaks them in tiny modules, exemptions and their dates, and what is no such file."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from policytool.check.findings import Finding
from policytool.errors import InputError
from policytool.gate.assertions import read_assertions
from policytool.toolchain.base import Base
from policytool.workflow.gated import gated
from tests.gate.tiny_base import BASE, MODULE, modules, tiny_base

TODAY = datetime.date(2026, 11, 28)
OTHER = """(type n_t)
(roletype r n_t)
(typeattributeset domain n_t)
(type n_var_t)
(allow n_t n_var_t (file (write)))
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    text = BASE.replace(" security))", " security capability))") + "(class capability (chown sys_admin))"
    return tiny_base(tmp_path_factory.mktemp("base"), text)


def judged(base: Base, folder: Path, text: str, rules: str, other: str = OTHER) -> tuple[Finding, ...]:
    (folder / "a.toml").write_text(text)
    asked = modules(folder / "new", base, {"m.cil": MODULE + rules, "n.cil": other})
    return gated(asked, "", [folder / "a.toml"], TODAY)


def asserted(promise: str, domains: str = '["m_t"]') -> str:
    return f'[[assert]]\nid = "a"\nwhy = "a reason"\ndomains = {domains}\n{promise}\n'


@pytest.mark.parametrize(
    ("promise", "rule", "id_", "said"),
    [
        (
            "capabilities = []",
            "(allow m_t self (capability (chown)))",
            "A-capability",
            "m_t has the capability chown",
        ),
        (
            'capabilities = ["chown"]',
            "(booleanif off (true (allow m_t self (capability (sys_admin)))))",
            "A-capability",
            "sys_admin if off",
        ),
        ("entered_only_from = []", "(allow d_t m_t (process (transition)))", "A-entered", "d_t may enter m_t"),
        ("enters_only = []", "(allow m_t d_t (process (transition)))", "A-entered", "m_t may enter d_t"),
        ('forbid = ["var_t:file write"]', "(allow m_t var_t (file (write)))", "A-forbidden", "m_t may var_t:file"),
        (
            'forbid = ["file_type:* { read write }"]',
            "(allow m_t var_t (dir (read)))",
            "A-forbidden",
            "m_t may var_t:dir { read }",
        ),
        (
            'forbid = ["*:security *"]',
            "(allow m_t kernel_t (security (load_policy)))",
            "A-forbidden",
            "load_policy",
        ),
        (
            "writes_only_own = true",
            "(allow m_t n_var_t (file (write)))",
            "A-writes",
            "m_t may n_var_t:file { write }",
        ),
        ("enforcing = true", "(typepermissive m_t)", "A-permissive", "m_t is permissive"),
        ("triples_at_most = 2", "(allow m_t var_t (dir (read)))", "A-surface", "m_t holds 8 triples"),
    ],
)
def test_what_breaks_an_assertion_is_told_at_its_rule(
    base: Base, tmp_path: Path, promise: str, rule: str, id_: str, said: str
) -> None:
    found = judged(base, tmp_path, asserted(promise), rule)
    (told,) = [finding for finding in found if finding.id == id_ and said in finding.message]
    assert told.fails
    assert told.message.endswith("(a reason)")
    line = 1 if id_ == "A-surface" else MODULE.count("\n") + 1
    assert (told.file, told.line) == (str(tmp_path / "new" / "m.cil"), line)
    assert told.hint == f"asserted at {tmp_path / 'a.toml'}:1"


def test_what_keeps_every_assertion_is_clean(base: Base, tmp_path: Path) -> None:
    promises = """capabilities = ["chown"]
        entered_only_from = ["d_t"]
        enters_only = ["d_t"]
        forbid = ["var_t:file write"]
        writes_only_own = true
        enforcing = true
        triples_at_most = 50"""
    rules = (
        "(allow m_t self (capability (chown)))(allow m_t d_t (process (transition)))"
        "(allow d_t m_t (process (transition)))(type m_var_t)(allow m_t m_var_t (file (write)))"
    )
    assert judged(base, tmp_path, asserted(promises, '["@modules"]'), rules) == ()


def exempt(more: str = "") -> str:
    return f'[[exempt]]\nassertion = "a"\nreason = "for the test"\n{more}\n'


@pytest.mark.parametrize(
    ("more", "ids"),
    [
        ("", []),
        ('source = "m_t"\ntarget = "var_t"\ntclass = "file"\nperm = "write"', []),
        ("until = 2026-11-28", []),
        ("until = 2026-11-27", ["A-forbidden", "A-expired"]),
        ('source = "d_t"', ["A-forbidden", "W-exempt-unused"]),
        ('perm = "read"', ["A-forbidden", "W-exempt-unused"]),
    ],
)
def test_an_exemption_has_a_reason_and_may_be_over(base: Base, tmp_path: Path, more: str, ids: list[str]) -> None:
    text = asserted('forbid = ["var_t:file write"]') + exempt(more)
    found = judged(base, tmp_path, text, "(allow m_t var_t (file (write)))")
    told = [finding for finding in found if finding.id[0] in "AW" and not finding.disabled]
    assert sorted(finding.id for finding in told) == sorted(ids)
    (broken,) = [finding for finding in found if finding.id == "A-forbidden"]
    assert (broken.disabled == "for the test") is ("A-forbidden" not in ids)


def test_one_permission_more_than_is_exempt_counts(base: Base, tmp_path: Path) -> None:
    text = asserted('forbid = ["var_t:file { read write }"]') + exempt('perm = "write"')
    found = judged(base, tmp_path, text, "(allow m_t var_t (file (read write)))")
    assert [finding.fails for finding in found if finding.id == "A-forbidden"] == [True]


def test_an_assertion_about_nobody_fails(base: Base, tmp_path: Path) -> None:
    found = judged(base, tmp_path, asserted("enforcing = true", '["gone_t"]'), "")
    (told,) = [finding for finding in found if finding.id == "A-unknown"]
    assert (told.file, told.line, told.fails) == (str(tmp_path / "a.toml"), 1, True)
    assert "names gone_t" in told.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[assert]]\nid = 'a'\ndomains = ['m_t']\n", "asserts nothing"),
        ("[[assert]]\nid = 'a'\nenforcing = true\n", "needs domains"),
        ("[[assert]]\ndomains = ['m_t']\nenforcing = true\n", "needs id"),
        ("[[assert]]\nid = 'a'\ndomains = ['m_t']\nenforcing = false\n", "can only be true"),
        ("[[assert]]\nid = 'a'\ndomains = ['m_t']\nenforced = true\n", "has 'enforced'; known are"),
        ("[[assert]]\nid = 'a'\ndomains = ['m_t']\nforbid = ['shadow_t']\n", "is not like"),
        ("[[assert]]\nid = 'a'\ndomains = ['m_t']\ntriples_at_most = -1\n", "number from 0"),
        ("[[exempt]]\nassertion = 'a'\n", "needs reason"),
        ("[[exempt]]\nassertion = 'a'\nreason = ' '\n", "needs reason"),
        ("[[exempt]]\nassertion = 'a'\nreason = 'r'\nuntil = 'soon'\n", "has to be a date"),
        ("asserts = 1\n", "has 'asserts'"),
        ("[[assert]\n", "a.toml"),
        ("against = 1\n", "against has to be a text"),
    ],
)
def test_what_is_not_understood_is_an_error(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_assertions("a.toml", text)


def test_the_file_may_say_what_to_compare_with(base: Base, tmp_path: Path) -> None:
    modules(tmp_path / "old", base, {"m.cil": MODULE, "n.cil": OTHER})
    found = judged(base, tmp_path, f'against = "{tmp_path / "old"}"\n', "(allow m_t var_t (file (write)))")
    assert [finding.id for finding in found] == ["G-allow"]
