# SPDX-License-Identifier: GPL-2.0-or-later
"""Dates and times as people's tools print them, in milliseconds since the epoch.

A time without a zone is taken as UTC, so it may be wrong by the offset of the machine that printed it. Dates are
read in the orders of the world's locales: the year first when it has four digits and comes first; day, month, year
between dots and dashes; between slashes month, day, year, unless the first number is above 12. A name of a month
settles it. A syslog time has no year at all: 1970 stands for it.
"""

from __future__ import annotations

import re
from calendar import timegm
from datetime import date

# As lines of a log have them: the name of a day, and a month with its day. journald and dmesg write names in the
# language of LC_TIME; some languages write a month as a number and a word.
WEEKDAY = rb"(?:[A-Za-z\x80-\xff]{2,16}\.?,? )"
DAY_OF_MONTH = (
    rb"(?:[A-Za-z\x80-\xff'][A-Za-z\x80-\xff'0-9]{1,24}\.?|\d{1,2}(?:\xe6\x9c\x88|\xec\x9b\x94)) {1,2}\d{1,2}"
)

_CLOCK = re.compile(r"(?<![\d:])(\d{1,2}):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?!\d)")
_DOTTED_CLOCK = re.compile(r"(?<![\d.])(\d{1,2})\.(\d\d)\.(\d\d)(?:,(\d{1,9}))?$")

# The halves of the day in glibc's locales, without dots, spaces and case.
_AFTER_NOON = frozenset(("pm", "nachm", "下午", "午後", "오후", "μμ"))
_HALF = re.compile(r"(?i)\b[ap]\.?\s?m\b\.?|\b(?:vorm|nachm)\b\.?|上午|下午|午前|午後|오전|오후|[πμ]\.?μ\.?")

# Offsets in minutes, for the abbreviations of RFC 5322 (section 4.3) and those that nobody else uses.
_ZONES = {"Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "CEST": 120, "EET": 120}
_ZONES |= {"EEST": 180, "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360}
_ZONES |= {"PST": -480, "PDT": -420, "MSK": 180, "JST": 540, "KST": 540, "AEST": 600, "AEDT": 660}
_OFFSET = re.compile(r"(?:(?:UTC|GMT)\s?)?([+-])(\d\d):?(\d\d)?$")
_ZONE = re.compile(r"\b([A-Z]{1,4})$")

_NAMES = "jan feb mar apr may jun jul aug sep oct nov dec"
_MONTHS = {name: place for place, name in enumerate(_NAMES.split(), 1)}
_WORDS = re.compile(r"[^\W\d_]+\.?")
_NUMERIC = re.compile(r"(\d{1,4})\s*([./年년-]|\s)\s*(\d{1,2})\s*(?:[./月월-]|\s)\s*(\d{1,4})\s*[.日일]?")
_TOUCHING = re.compile(r"[\w/.-]", re.ASCII)
_PARENTHESIS = re.compile(r"\([^()]*\)")


def milliseconds(text: str, year: int | None = None) -> int | None:
    """Read TEXT, a date and a time of day; None if it is none, or before 1970.

    YEAR is that of a date that has none; without it such a date is not read.
    """
    text = _PARENTHESIS.sub(" ", text).strip()
    clock = _CLOCK.search(text) or _DOTTED_CLOCK.search(text)
    if clock is None:
        return None
    hour, minute, second = (int(part) for part in clock.groups()[:3])
    after = text[clock.end() :].strip()
    half = _HALF.search(text)
    if half is not None:
        word = re.sub(r"[.\s]", "", half[0]).lower()
        hour = hour % 12 + (12 if word in _AFTER_NOON else 0)
        after = after.replace(half[0], " ", 1).strip()
    if hour > 23 or minute > 59 or second > 60:
        return None
    minutes, after = _zone(after)
    before = text[: clock.start()].replace(half[0] if half else "\0", " ", 1)
    day = _day(f"{before} {after}".strip(" ,T\t"), year)
    if day is None:
        return None
    seconds = timegm((*day, hour, minute, second)) - 60 * minutes
    fraction = (clock[4] or "").ljust(3, "0")[:3]
    return None if not 0 <= seconds < 10**11 else seconds * 1000 + int(fraction)


def _zone(text: str) -> tuple[int, str]:
    """Return the offset at the end of TEXT in minutes, 0 if there is none, and what is before it."""
    if offset := _OFFSET.search(text):
        minutes = 60 * int(offset[2]) + int(offset[3] or 0)
        return (minutes if offset[1] == "+" else -minutes), text[: offset.start()]
    zone = _ZONE.search(text)
    if zone is None:
        return 0, text
    # An ambiguous abbreviation is ignored: the time is read as it is written.
    return _ZONES.get(zone[1], 0), text[: zone.start()]


def _day(text: str, year: int | None) -> tuple[int, int, int] | None:
    if len(text) > 60:
        return None
    words = _WORDS.findall(text)
    months = [_MONTHS[word[:3].lower()] for word in words if word[:3].lower() in _MONTHS]
    if months and (named := _named(text, months[0], year)):
        return named
    match = _NUMERIC.search(text)
    if match is None or _TOUCHING.search(text[: match.start()][-1:] + " " + text[match.end() :][:1]):
        return None
    first, mark, second, third = int(match[1]), match[2], int(match[3]), int(match[4])
    if len(match[1]) == 4:
        orders = [(first, second, third)]
    elif len(match[4]) not in (2, 4):
        return None
    elif mark == "/":
        orders = [(third, first, second), (third, second, first)]
    else:
        orders = [(third, second, first)]
    return next((full for order in orders if (full := _valid(*order))), None)


def _named(text: str, month: int, year: int | None) -> tuple[int, int, int] | None:
    numbers = re.findall(r"\d+", text)
    years = [int(number) for number in numbers if len(number) == 4]
    days = [int(number) for number in numbers if len(number) <= 2]
    if len(days) == 2 and not years:
        years = [days.pop()]
    if len(days) != 1 or len(years) > 1:
        return None
    if not years and year is None:
        return None
    return _valid(years[0] if years else year or 0, month, days[0])


def _valid(year: int, month: int, day: int) -> tuple[int, int, int] | None:
    if year < 100:
        year += 1900 if year >= 70 else 2000
    try:
        date(year, month, day)
    except ValueError:
        return None
    return (year, month, day) if year >= 1970 else None
