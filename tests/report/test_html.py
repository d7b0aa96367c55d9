# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from html.parser import HTMLParser

from policytool.generate.triage import Cure
from policytool.generate.writers.evidence import ExplainedAccess, ModuleEvidence
from policytool.model.access import Evidence, Use
from policytool.report.html import write_html

HOSTILE = '"><script>alert(1)</script>\x1b[31m\u202e&amp;'


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert {name for name, _ in attrs} <= {"class", "lang", "charset", "http-equiv", "content", "name"}


def page() -> str:
    finding = {"id": "E-compile", "file": HOSTILE, "line": 3, "message": HOSTILE, "hint": HOSTILE}
    uses = ((Use(HOSTILE, HOSTILE, HOSTILE, HOSTILE), 1),)
    access = ExplainedAccess(("a_t", "b_t", "file", "read"), Cure.REFUSED, HOSTILE, Evidence(1, 0, 0, uses))
    return write_html({"findings": [finding]}, None, [ModuleEvidence(HOSTILE, "a_t", (access,))])


def test_hostile_texts_make_no_tag_and_no_control_character() -> None:
    parser = Tags()
    parser.feed(page())
    assert "script" not in parser.seen
    assert "\x1b" not in page()
    assert page().isascii()
    assert "&lt;script&gt;" in page()


def test_what_is_not_linked_has_no_surfaces() -> None:
    assert "do not link" in page()
