# SPDX-License-Identifier: GPL-2.0-or-later
"""The page as a reader has it: driven in headless Chromium, on a phone and a desk, light, dark, on paper, by keys.

axe-core judges what a screen reader would get. `make setup-dev` installs what is needed; elsewhere it is skipped.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from policytool.generate.writers.evidence import read_evidence
from policytool.report.page.edges import TypeOwners
from policytool.report.page.page_html import page_html
from tests.cli.run_policytool import REPOSITORY
from tests.report.page.synthetic_facts import hostile_facts, synthetic_facts

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FloatRect, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("no chromium to read the page with: apt-get install chromium", allow_module_level=True)

sync_api = pytest.importorskip("playwright.sync_api")
axe_api = pytest.importorskip("axe_playwright_python.sync_playwright")

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
HOSTILE = "\"><script>document.title='taken'</script><img src=x onerror=document.title='taken'>\u202e'&amp;\x1b"
# A module of the repository: enough edges to be a real graph.
SHIPPED = REPOSITORY / "policies" / "virtinterfaced" / "evidence.json"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_api.sync_playwright() as playwright:
        # Root, which CI is, has no sandbox; the page is our own.
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a page with made-up figures and the evidence of a shipped module."""
    evidence = read_evidence(SHIPPED.read_text())
    owners = TypeOwners({}, frozenset(), (), frozenset())
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page_html(replace(synthetic_facts(), evidence=(evidence,), owners=owners)))
    return path


def opened(browser: Browser, path: Path, **settings: Any) -> tuple[Page, list[str]]:
    """Open PATH; return the page, and what it says to the console or asks of a network: there is to be nothing."""
    context = browser.new_context(**{"viewport": DESK, "reduced_motion": "reduce", **settings})
    page = context.new_page()
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith("file:") else troubles.append(request.url))
    page.goto(path.as_uri())
    return page, troubles


def box(page: Page, name: str) -> FloatRect:
    found = page.locator(name).bounding_box()
    assert found
    return found


def view(page: Page) -> str:
    return page.locator(".view svg").get_attribute("viewBox") or ""


# What a scheme changes are colours, what a screen changes are places.
@pytest.mark.parametrize(("scheme", "viewport"), [("dark", DESK), ("light", PHONE)], ids=["desk", "phone"])
def test_axe_finds_nothing(browser: Browser, file: Path, scheme: str, viewport: dict[str, int]) -> None:
    # axe is put into the page by a script, which the page's own policy forbids.
    page, _ = opened(browser, file, color_scheme=scheme, viewport=viewport, bypass_csp=True)
    page.locator("details").evaluate_all("every => every.forEach(one => { one.open = true; })")
    found = axe_api.Axe().run(page).response
    assert [(one["impact"], one["id"], one["nodes"][0]["html"][:200]) for one in found["violations"]] == []
    assert len(found["passes"]) > 15


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_no_part_is_wider_than_the_screen(browser: Browser, file: Path, viewport: dict[str, int]) -> None:
    page, troubles = opened(browser, file, viewport=viewport)
    assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
    assert troubles == []


def test_text_and_paper_are_told_apart_in_both_schemes(browser: Browser, file: Path) -> None:
    for scheme, dark in (("light", False), ("dark", True)):
        page, _ = opened(browser, file, color_scheme=scheme)
        paper, ink = page.evaluate(
            "(() => { const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]; })()"
        )
        label = page.locator("#surface text").first.evaluate("text => getComputedStyle(text).fill")
        light = [sum(map(int, colour[4:-1].split(","))) > 380 for colour in (paper, ink, label)]
        assert light == ([False, True, True] if dark else [True, False, False])


def test_the_first_screen_tells_the_story(browser: Browser, file: Path) -> None:
    page, _ = opened(browser, file)
    assert page.locator("h1").inner_text().endswith("times less than whole_t")
    for name in ("h1", "nav", "#surface-title", "#reach-title"):
        place = box(page, name)
        assert place["y"] + place["height"] < DESK["height"]


def test_the_graph_is_one_screen(browser: Browser, file: Path) -> None:
    page, _ = opened(browser, file)
    place = box(page, ".view svg")
    assert place["height"] <= DESK["height"]
    assert place["width"] <= DESK["width"]


def test_a_click_on_an_edge_shows_its_evidence(browser: Browser, file: Path) -> None:
    page, troubles = opened(browser, file)
    edge = page.locator("a.edge").nth(5)
    target, tclass = (edge.locator("title").text_content() or "").split(" {")[0].split(":")
    edge.click()
    panel = page.locator(".panel")
    assert panel.is_visible()
    assert f"{target} : {tclass}" in panel.inner_text()
    assert "\u00d7" in panel.inner_text()
    panel.get_by_role("button", name="Close").click()
    assert not panel.is_visible()
    assert troubles == []


def test_the_keyboard_does_it_too(browser: Browser, file: Path) -> None:
    page, _ = opened(browser, file)
    page.locator(".tools input").focus()
    for _ in range(6):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.view') !== null")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    chosen = page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("Enter")
    assert page.locator(".panel").is_visible()
    assert page.evaluate("document.querySelector('a.edge.chosen').getAttribute('href')") == chosen
    whole = view(page)
    page.keyboard.press("+")
    assert view(page) != whole
    page.keyboard.press("0")
    assert view(page) == whole
    page.keyboard.press("Escape")
    assert not page.locator(".panel").is_visible()


def test_what_is_sought_stands_out(browser: Browser, file: Path) -> None:
    page, _ = opened(browser, file)
    page.locator(".tools input").fill("etc_t")
    found = page.locator("a.edge.found")
    assert found.count()
    assert all("etc_t" in text for text in found.locator("title").all_text_contents())
    assert page.locator(".said").inner_text().endswith("edges")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.classList.contains('found')")


def test_what_the_base_grants_is_folded_at_first(browser: Browser, file: Path) -> None:
    page, _ = opened(browser, file)
    narrow = view(page)
    assert not page.locator(".granted").is_visible()
    page.get_by_role("button", name="Show what the base grants").click()
    assert page.locator(".granted").is_visible()
    assert int(view(page).split()[2]) > int(narrow.split()[2])
    page.get_by_role("button", name="Show what the base grants").click()
    assert view(page) == narrow


def test_without_a_script_an_edge_still_leads_to_its_evidence(browser: Browser, file: Path) -> None:
    page, _ = opened(browser, file, java_script_enabled=False)
    assert not page.locator(".tools").is_visible()
    edge = page.locator("a.edge").nth(3)
    edge.click()
    assert page.locator(f"li{edge.get_attribute('href')}").is_visible()


def test_hostile_names_are_shown_and_do_nothing(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    path.write_text(page_html(hostile_facts(HOSTILE)))
    page, troubles = opened(browser, path)
    page.locator("a.edge").first.click()
    page.locator(".tools input").fill("<script>")
    assert "taken" not in page.title().split("<script>")[0]
    assert page.evaluate("document.title") != "taken"
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1
    assert "<script>document.title='taken'</script>" in page.locator(".panel").inner_text()
    assert troubles == []


def test_the_policy_of_the_page_holds_against_a_script_that_gets_in(
    browser: Browser, file: Path, tmp_path: Path
) -> None:
    path = tmp_path / "tampered.html"
    evil = "<script>document.title='taken'</script><img src='x' onerror=\"document.title='taken'\">"
    path.write_text(file.read_text().replace("<main", f"{evil}<main", 1))
    page, troubles = opened(browser, path)
    assert page.title() != "taken"
    assert any("Content Security Policy" in trouble for trouble in troubles)


def test_on_paper_there_are_figures_and_nothing_to_press(browser: Browser, file: Path) -> None:
    page, _ = opened(browser, file)
    page.emulate_media(media="print")
    assert page.locator("#surface svg").is_visible()
    assert page.locator(".view svg").is_visible()
    assert not page.locator("nav").is_visible()
    assert not page.locator(".tools").is_visible()
    assert len(page.pdf(format="A4")) > 10_000
