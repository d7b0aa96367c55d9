# SPDX-License-Identifier: GPL-2.0-or-later
"""The page as a text: its security policy, its size, what it says first."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256

from policytool.generate.writers.evidence import read_evidence
from policytool.report.page.headline import headline
from policytool.report.page.page_html import page_html
from tests.cli.run_policytool import REPOSITORY
from tests.report.page.synthetic_facts import hostile_facts, synthetic_facts

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=y>\x1b[31m\u202e&amp;{{ 7*7 }}' -->"


def test_nothing_but_the_style_sheet_and_the_script_is_let_in() -> None:
    page = page_html(synthetic_facts())
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.S)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"style-src &#39;sha256-{digest}&#39;" in policy
    assert policy.startswith("default-src &#39;none&#39;;")
    assert "unsafe" not in policy
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.S)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"script-src &#39;sha256-{digest}&#39;" in policy
    assert not re.search(r' style="| on\w+="|<(img|link|iframe|object)', page)
    assert not re.search(r'(src|href)="(?!#)', page)


def test_hostile_texts_stay_texts() -> None:
    page = page_html(hostile_facts(HOSTILE))
    assert page.isascii()
    assert "\x1b" not in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "\\u202e" in page
    assert "{{ 7*7 }}" in page


def test_all_shipped_modules_are_less_than_three_megabytes() -> None:
    paths = sorted((REPOSITORY / "policies").glob("*/evidence.json"))
    evidence = tuple(read_evidence(path.read_text()) for path in paths)
    assert len(evidence) > 12
    # The figures of all domains take another four tenths of a megabyte.
    assert len(page_html(replace(synthetic_facts(), evidence=evidence))) < 2_600_000


def test_the_enforced_run_is_told_with_what_failed() -> None:
    page = page_html(synthetic_facts())
    assert "<b>39 of 40 steps ok, 2 denials</b>" in page
    assert "1 of the 1 modules here have the evidence" in page
    assert 'id="enforced"' not in page_html(replace(synthetic_facts(), enforcement=None))


def test_the_headline_says_how_much_less_and_how_far() -> None:
    told = headline(synthetic_facts())
    assert told.title == "Each of 2 new domains may do at least 1,000 times less than whole_t"
    assert told.sentences == (
        "whole_t holds 4,000 permissions. The 2 new domains hold 2 to 4 each.",
        "Compromised, whole_t can enter 390 of 400 other domains. 1 of the 2 can enter none."
        " The one that gets furthest, other_t, enters 3.",
    )


def test_the_headline_of_one_domain_and_of_one_that_may_do_more() -> None:
    facts = synthetic_facts()
    small, more, _, whole = facts.domains
    assert headline(replace(facts, domains=(small, whole))).title == "plain_t may do 2,000 times less than whole_t"
    shrunk = replace(whole, row=replace(whole.row, stored=3))
    assert headline(replace(facts, domains=(more, shrunk))).title == "other_t may do more than whole_t"
    assert headline(replace(facts, domains=(small,))).sentences == ()


def test_modules_that_do_not_link_have_findings_and_no_figures() -> None:
    facts = replace(synthetic_facts(), domains=(), overlap=None, beside=None)
    page = page_html(facts)
    assert "do not link" in page
    assert "E-compile" in page
    assert "<figure" not in page
