# SPDX-License-Identifier: GPL-2.0-or-later
"""A saturation plot as SVG: distinct accesses against the number of scenarios, one line a daemon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from policytool.model.printable import printable

_WIDTH, _HEIGHT = 720, 440
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 170, 40, 50
# Okabe and Ito's colours, which people tell apart who see few colours; dashes tell lines apart in print.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_DASHES = ("", "6 3", "2 2")
# Horizontal lines above zero.
_TICKS = 5
# How long a name may get beside its line.
_NAME = 24


def saturation_svg(curves: Mapping[str, Sequence[float]]) -> str:
    """Return an SVG of CURVES: name → the expected number of accesses in 0, 1, 2 … scenarios."""
    across = max((len(curve) - 1 for curve in curves.values()), default=0) or 1
    step = _step(max((max(curve, default=0.0) for curve in curves.values()), default=0.0))
    top = step * _TICKS
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def place(scenarios: int, accesses: float) -> tuple[float, float]:
        return _LEFT + width * scenarios / across, _TOP + height * (1 - accesses / top)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        'font-size="12">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        _text(_LEFT, 22, "Distinct accesses that need a rule, by the number of scenarios recorded", size=14),
        _text(_LEFT + width / 2, _HEIGHT - 12, "scenarios (mean over all choices of that many)", anchor="middle"),
    ]
    for tick in range(_TICKS + 1):
        _, y = place(0, tick * step)
        parts.append(f'<path d="M{_LEFT} {y:.1f}h{width}" stroke="#ddd"/>')
        parts.append(_text(_LEFT - 8, y + 4, str(tick * step), anchor="end"))
    for scenarios in range(0, across + 1, max(1, across // 12)):
        x, y = place(scenarios, 0)
        parts.append(_text(x, y + 18, str(scenarios), anchor="middle"))
    labels = _spread({name: place(0, curve[-1])[1] for name, curve in curves.items() if curve})
    for number, (name, curve) in enumerate(sorted(curves.items())):
        if curve:
            parts += _line(number, name, [place(*point) for point in enumerate(curve)], labels[name])
    return "\n".join([*parts, "</svg>"]) + "\n"


def _step(most: float) -> int:
    """Return the distance of the horizontal lines: 1, 2 or 5 times a power of ten, with MOST below the top."""
    size = 1
    while True:
        for factor in (1, 2, 5):
            if size * factor * _TICKS >= most:
                return size * factor
        size *= 10


def _spread(heights: Mapping[str, float]) -> Mapping[str, float]:
    """Move labels apart that would stand upon each other."""
    placed: dict[str, float] = {}
    lowest = float("-inf")
    for name, y in sorted(heights.items(), key=lambda item: (item[1], item[0])):
        lowest = max(y, lowest + 14)
        placed[name] = lowest
    return placed


def _line(number: int, name: str, points: Sequence[tuple[float, float]], label: float) -> list[str]:
    colour, dash = _COLOURS[number % len(_COLOURS)], _DASHES[number // len(_COLOURS) % len(_DASHES)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    (x, y), right = points[-1], _WIDTH - _RIGHT + 10
    return [
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>',
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>',
        _text(right, label + 4, printable(name, _NAME), colour=colour),
    ]


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 12, colour: str = "#222") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">'
        f"{escape(printable(text))}</text>"
    )
