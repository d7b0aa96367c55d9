# SPDX-License-Identifier: GPL-2.0-or-later
"""`strace -f` output, with any of its times or none: system calls without any context.

So they are evidence of calls, and never of access decisions.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Sequence

from policytool.model.event import Syscall
from policytool.traces.events.record import UNSTAMPED, Form, Record, Report, full_key

KIND = b"STRACE"

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
_CALL = re.compile(r"(?P<name>[a-z_][a-z0-9_]*)\((?P<arguments>.*)\)\s+= (?P<result>.*)", re.DOTALL)
_RESUMED = re.compile(r"<\.\.\. (?P<name>[a-z_][a-z0-9_]*) resumed>")
_RESULT = re.compile(r"(?P<number>-?\d+|0x[0-9a-f]+|\?)(?: (?P<error>E[A-Z0-9]+))?")

# What strace prints besides finished calls: signals, ends of processes, and the first half of an interrupted call.
_ASIDE = (b"---", b"+++")
_ATTACHED = re.compile(rb"(?:/\S{1,200}/)?strace: Process \d{1,10} (?:attached|detached)")
_UNFINISHED = (b"<unfinished ...>", b"<detached ...>")
_BRACKETS = {"(": ")", "[": "]", "{": "}"}


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


def read_call(text: str) -> Syscall | None:
    """Read the body of a record of ours; None when it is not a whole call.

    The arguments of a call that was interrupted are on another line, and unknown here.
    """
    pid, _, rest = text.partition(" ")
    words: tuple[str, ...] = ()
    if resumed := _RESUMED.match(rest):
        name, result_text = resumed["name"], rest.rpartition(" = ")[2]
    elif call := _CALL.fullmatch(rest):
        name, words, result_text = call["name"], split_arguments(call["arguments"]), call["result"]
    else:
        return None
    result = _RESULT.match(result_text)
    if result is None:
        return None
    code = getattr(errno, result["error"] or "", None)
    value = int(result["number"], 0) if result["number"] != "?" else None
    exit_ = -code if isinstance(code, int) else value
    return Syscall(name=name, success=None if exit_ is None else exit_ >= 0, exit=exit_, pid=int(pid), words=words)


def split_arguments(text: str) -> tuple[str, ...]:
    """Split the arguments of a call at its own commas, not at those inside of strings, lists and structures."""
    words = []
    expected: list[str] = []
    begin = 0
    quoted = escaped = False
    for place, one in enumerate(text):
        if escaped:
            escaped = False
        elif quoted:
            escaped = one == "\\"
            quoted = one != '"'
        elif one == '"':
            quoted = True
        elif one in _BRACKETS:
            expected.append(_BRACKETS[one])
        elif expected and one == expected[-1]:
            expected.pop()
        elif one == "," and not expected:
            words.append(text[begin:place].strip())
            begin = place + 1
    words.append(text[begin:].strip())
    return tuple(words) if text.strip() else ()
