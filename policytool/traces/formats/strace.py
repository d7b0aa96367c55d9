# SPDX-License-Identifier: GPL-2.0-or-later
"""`strace -f` output, with any of its times or none: system calls without any context.

So they are evidence of calls, and never of access decisions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from policytool.traces.events.record import UNSTAMPED, Form, Record, Report, full_key
from policytool.traces.events.strace_call import KIND

# [pid 123] or 123 or nothing, then a time (-t, -tt, -ttt, -r) or none, then call(arguments) = result
_LINE = re.compile(
    rb"(?P<who>(?:\[pid +(?P<long>\d{1,10})\] |(?P<pid>\d{1,10}) +)?"
    rb"(?:(?P<seconds>\d{9,12})\.(?P<micro>\d{6}) +|\d\d:\d\d:\d\d(?:\.\d{1,9})? +| {0,6}\d{1,8}\.\d{6} +)?)"
    rb"(?P<rest>(?:[a-z_][a-z0-9_]{0,40}\(|<\.\.\. [a-z_]|--- S|--- stopped|\+\+\+ [a-z]).*)"
)
# Without anything before them only whole calls are told from other text.
_WHOLE = re.compile(
    rb"[a-z_][a-z0-9_]{0,40}\(.*\)\s+= (?:-?\d+|0x[0-9a-f]+|\?)(?:[ <].*)?|--- SIG.* ---|\+\+\+ .* \+\+\+"
)

# What strace prints besides finished calls: signals, ends of processes, and the first half of an interrupted call.
_ASIDE = (b"---", b"+++")
_ATTACHED = re.compile(rb"(?:/\S{1,200}/)?strace: Process \d{1,10} (?:attached|detached)")
_UNFINISHED = (b"<unfinished ...>", b"<detached ...>")


def begins_call(line: bytes) -> bool:
    """Say whether LINE begins as a call does, with a process or a time before it."""
    match = _LINE.match(line)
    return match is not None and bool(match["who"])


def read_line(line: bytes, number: int, report: Report) -> Sequence[Record] | None:
    """Return the record of LINE (a `Format`); none for a signal and for the first half of a call."""
    match = _LINE.fullmatch(line)
    if match is None:
        return () if _ATTACHED.fullmatch(line) else None
    rest = match["rest"]
    if not match["who"] and not _WHOLE.fullmatch(rest):
        return None
    if rest.startswith(_ASIDE) or rest.endswith(_UNFINISHED):
        return ()
    pid = match["long"] or match["pid"] or b"0"
    # strace counts nothing: the line is as good as a serial. A time of day without its date tells nothing.
    moment = int(match["seconds"]) * 1000 + int(match["micro"][:3]) if match["seconds"] else 0
    key = full_key(b"", moment, UNSTAMPED + number)
    return (Record(key, KIND, pid + b" " + rest, number, Form.RAW),)
