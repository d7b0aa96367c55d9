# SPDX-License-Identifier: GPL-2.0-or-later
"""Points in time as people write them on a command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from policytool.errors import UsageError

_BACK = re.compile(r"(\d{1,6})\s*(s|m|h|d|w)", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(text: str, option: str, now: datetime) -> int:
    """Return TEXT, the value of OPTION, as milliseconds since the epoch.

    `2h` is two hours before NOW (s, m, h, d, w); all else is ISO 8601, in UTC unless it says otherwise, and a date
    alone is its midnight. UsageError: it is neither.
    """
    if back := _BACK.fullmatch(text.strip()):
        then = now - min(timedelta(**{_UNITS[back[2]]: int(back[1])}), now - _EPOCH)
    else:
        try:
            then = datetime.fromisoformat(text.strip())
        except ValueError as error:
            raise UsageError(
                f"{option} takes a time like 2026-01-31, 2026-01-31T12:00:00Z or 2h (ago), not {text!r}"
            ) from error
        then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return (then - _EPOCH) // timedelta(milliseconds=1)
