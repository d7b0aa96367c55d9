# SPDX-License-Identifier: GPL-2.0-or-later
"""Several records on one line: each is taken for itself, so that no two ever become a third."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Values of user-space records are chosen by programs and may hold anything, another record included.
_UNTRUSTED = re.compile(
    rb"(?:type[= ])?(?:UNKNOWN\[)?(?:USER_|CRED_|ANOM_|SERVICE_|VIRT_|TRUSTED_APP|11[0-9]{2}\b|2[0-9]{3}\b)"
)

# The beginning of a line of another log, which was lost with the end of the line before it.
_PREFIX = re.compile(
    rb"(?:[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\[ {0,12}\d{1,9}\.\d{3,9}\])"
    rb"[^=\"]{0,200}$"
)


def split(line: bytes, begin: re.Pattern[bytes], first: int) -> Iterator[tuple[bytes, bool]]:
    """Yield the parts of LINE, a record whose header ends at FIRST, and further ones where BEGIN matches.

    The last part comes with False where it cannot be believed: what looks like a record in what a program wrote
    may be its invention, and what follows it too.
    """
    start = counted = quotes = 0
    hidden = False
    for match in begin.finditer(line, first):
        place = match.start()
        quotes += line.count(b'"', counted, place)
        counted = place
        if quotes % 2:
            # The kernel quotes nothing that holds a space or a quote: this is inside of a value.
            hidden = True
            continue
        if is_untrusted(line[start:place]):
            hidden = True
            break
        yield _PREFIX.sub(b"", line[start:place]).rstrip(), True
        start, hidden = place, False
    last = line[start:]
    yield last, not (hidden and is_untrusted(last))


def is_untrusted(part: bytes) -> bool:
    """Say whether PART is, by its beginning, what a program wrote."""
    bare = part.partition(b" ")[2] if part.startswith((b"node=", b"host=")) else part
    return _UNTRUSTED.match(bare) is not None or b" cmdline=" in part
