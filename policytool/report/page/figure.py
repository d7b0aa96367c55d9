# SPDX-License-Identifier: GPL-2.0-or-later
"""A figure: what it shows in Vega-Lite's grammar, the same as a table, and how it was made. Vega draws it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

from policytool.model.printable import printable
from policytool.report.page.palette import CONFIG, FONT, Spec, text_width

_SVG = "http://www.w3.org/2000/svg"
# Vega's own words for screen readers: the page gives the figure one text and a table, which say more.
_SPOKEN = ("role", "aria-label", "aria-roledescription", "aria-hidden")


@dataclass(frozen=True, slots=True)
class Figure:
    """NAME is a word for files and anchors, TELLS what one sees in a sentence or two, MADE how it was made.

    The columns of the table whose index is in NUMBERS are numbers.
    """

    name: str
    title: str
    tells: str
    made: str
    spec: Spec
    head: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    numbers: frozenset[int]

    @property
    def svg(self) -> str:
        """The figure as an SVG file: light, with a title."""
        root = self._drawn()
        title = ElementTree.Element(f"{{{_SVG}}}title")
        title.text = printable(f"{self.title}. {self.tells}")
        root.insert(0, title)
        return _text(root) + "\n"

    @property
    def inline(self) -> str:
        """The figure as a part of an HTML page that names it; the page's style sheet may recolour it."""
        root = self._drawn()
        root.attrib |= {"role": "img", "aria-labelledby": f"{self.name}-title {self.name}-tells"}
        return _text(root)

    def _drawn(self) -> ElementTree.Element:
        import vl_convert

        # Escaped here, once for all figures: the renderer aborts the process at a control character.
        text = vl_convert.vegalite_to_svg(json.dumps(_plain({**self.spec, "config": CONFIG})), allowed_base_urls=[])
        root = ElementTree.fromstring(text)  # noqa: S314 -- Vega's own output, made of our own document
        for element in list(root.iter()):
            spoken = element.attrib.get("aria-label", "")
            if element.attrib.get("aria-roledescription") in _SHOWN and spoken:
                title = ElementTree.SubElement(element, f"{{{_SVG}}}title")
                title.text = spoken
            for name in _SPOKEN:
                element.attrib.pop(name, None)
            for name, value in _NEEDLESS:
                if element.attrib.get(name) == value:
                    del element.attrib[name]
            if element.tag == f"{{{_SVG}}}text":
                _fit(element)
            for part in [part for part in element if _is_nothing(part)]:
                element.remove(part)
        root.attrib["font-family"] = FONT
        return root


# What Vega writes on each mark, although it says nothing.
_NEEDLESS = (
    ("font-family", "sans-serif"),
    ("opacity", "1"),
    ("pointer-events", "none"),
    ("transform", "translate(0,0)"),
)


# Texts of fewer letters fit anywhere.
_SHORT = 3


def _fit(text: ElementTree.Element) -> None:
    """Make TEXT as wide as Vega took it to be, whatever font there is."""
    said = text.text or ""
    if len(said) > _SHORT:
        size = float(text.attrib["font-size"].removesuffix("px"))
        text.attrib["textLength"] = f"{text_width(said) * size / 12:.0f}"
        text.attrib["lengthAdjust"] = "spacingAndGlyphs"


def _is_nothing(part: ElementTree.Element) -> bool:
    return part.attrib.get("display") == "none" or part.attrib.get("d") == "M0,0h0v0h0Z"


# The marks that say what they stand for when one points at them.
_SHOWN = ("point", "bar", "rect mark")


def png(svg: str, scale: float = 2.0) -> bytes:
    """Return an SVG file as PNG, SCALE times as large."""
    import vl_convert

    data: bytes = vl_convert.svg_to_png(svg, scale=scale)
    return data


def values(rows: Iterable[Mapping[str, object]]) -> Spec:
    """Return ROWS as the data of a specification."""
    return {"values": [dict(row) for row in rows]}


def _plain(part: object) -> object:
    if isinstance(part, dict):
        return {name: _plain(value) for name, value in part.items()}
    if isinstance(part, list):
        return [_plain(value) for value in part]
    return printable(part) if isinstance(part, str) else part


def _text(root: ElementTree.Element) -> str:
    ElementTree.register_namespace("", _SVG)
    data: bytes = ElementTree.tostring(root, encoding="us-ascii")
    return data.decode()
