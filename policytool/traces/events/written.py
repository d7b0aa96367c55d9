# SPDX-License-Identifier: GPL-2.0-or-later
"""A record as a line of a log again, whatever format it was found in: as auditd writes it, or as `ausearch -i`."""

from __future__ import annotations

import time

from policytool.traces.events.record import Form


def split_key(key: bytes) -> tuple[bytes, bytes]:
    """Return the node (b"": none) and the stamp of a record's key."""
    node, _, stamp = key.rpartition(b" ")
    return node, stamp


def written(node: bytes, stamp: bytes, kind: bytes, body: bytes, form: Form) -> bytes:
    """Return a record as a line, without its end."""
    prefix = b"node=%s " % node if node else b""
    between = b")"
    if form is Form.INTERPRETED:
        stamp, between = _calendar(stamp), b") "
    return b"%stype=%s msg=audit(%s%s: %s" % (prefix, kind, stamp, between, body.replace(b"\n", b" "))


def _calendar(stamp: bytes) -> bytes:
    """Write STAMP (SECONDS.MILLISECONDS:SERIAL) as interpreted records have it; the date in ISO's order."""
    seconds, _, rest = stamp.partition(b".")
    return time.strftime("%Y-%m-%d %H:%M:%S.", time.gmtime(int(seconds))).encode() + rest
