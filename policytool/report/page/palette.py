# SPDX-License-Identifier: GPL-2.0-or-later
"""The look that all figures have in common: colours, steps of a scale, Vega's settings.

Colours are told apart by people who see few of them (Okabe and Ito's), and form or text says the same again. The
page maps each colour to one for dark screens (page.css), so a figure uses no others.
"""

from __future__ import annotations

from dataclasses import dataclass

from policytool.report.page.facts import DomainKind

Spec = dict[str, object]

INK, FAINT, LINE, PAPER = "#1b1f24", "#57606a", "#d8dee4", "#ffffff"
BLUE, VERMILION, GREY, GREEN, PURPLE = "#0072b2", "#d55e00", "#6e7781", "#00795a", "#a04a82"

# From little to much; the text on it that can be read.
STEPS = ("#e6f0f8", "#b9d6ea", "#7fb2d9", "#2f76b0", "#08498c")
ON_STEPS = (INK, INK, INK, PAPER, PAPER)

LOOKS = {
    DomainKind.NEW: (BLUE, "circle"),
    DomainKind.EXTENDED: (GREY, "diamond"),
    DomainKind.BEFORE: (VERMILION, "square"),
}

# Vega measures texts as if they were in it.
FONT = 'Arial, "Liberation Sans", Helvetica, sans-serif'

CONFIG: Spec = {
    "font": "sans-serif",
    "background": PAPER,
    "view": {"stroke": None},
    "header": {"labelColor": INK, "labelFontSize": 12},
    "axis": {
        "labelColor": INK,
        "labelFontSize": 12,
        "labelLimit": 260,
        "titleColor": FAINT,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "domainColor": LINE,
        "tickColor": LINE,
        "gridColor": LINE,
    },
    "legend": {
        "labelColor": INK,
        "labelFontSize": 12,
        "labelLimit": 260,
        "titleColor": FAINT,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    },
}


@dataclass(frozen=True, slots=True)
class Scale:
    """The steps of a heat map: step N begins at LEAST[N] and is called NAMES[N]."""

    least: tuple[float, ...]
    names: tuple[str, ...]

    def step(self, value: float) -> int:
        """Return the number of the step that VALUE is in."""
        return max(number for number, least in enumerate(self.least) if value >= least)


COUNTS = Scale((1, 10, 100, 1000, 10_000), ("1 to 9", "10 to 99", "100 to 999", "1,000 to 9,999", "10,000 or more"))
SHARES = Scale((0, 0.2, 0.4, 0.6, 0.8), ("below 20 %", "20 to 39 %", "40 to 59 %", "60 to 79 %", "80 % or more"))


def short_number(number: int) -> str:
    """Return NUMBER in at most four characters: 950, 9.5k, 95k, 1.3M."""
    for size, letter in ((1_000_000, "M"), (1000, "k")):
        if number >= size:
            return f"{number / size:.1f}{letter}" if number < 10 * size else f"{number // size}{letter}"
    return str(number)


# The widths of Arial's letters at 12 pixels; 6.7 for those that are not here.
_LETTERS = {
    **dict.fromkeys("ijl'", 2.7),
    **dict.fromkeys("frt ,.:;()[]-/", 3.6),
    **dict.fromkeys("cksvxyz", 6.0),
    **dict.fromkeys("ABCDEGHKNOPQRSUVXYZwW", 8.4),
    **dict.fromkeys("mM%", 10.0),
}


def text_width(text: str) -> float:
    """Return about how wide TEXT is at 12 pixels in FONT."""
    return sum(_LETTERS.get(letter, 6.7) for letter in text)
