# SPDX-License-Identifier: GPL-2.0-or-later
"""One call as strace writes it: its name, its arguments and its result."""

from __future__ import annotations

import errno
import re

from policytool.model.event import Syscall

KIND = b"STRACE"

_CALL = re.compile(r"(?P<name>[a-z_][a-z0-9_]*)\((?P<arguments>.*)\)\s+= (?P<result>.*)", re.DOTALL)
_RESUMED = re.compile(r"<\.\.\. (?P<name>[a-z_][a-z0-9_]*) resumed>")
_RESULT = re.compile(r"(?P<number>-?\d+|0x[0-9a-f]+|\?)(?: (?P<error>E[A-Z0-9]+))?")

_BRACKETS = {"(": ")", "[": "]", "{": "}"}


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
    for place, character in enumerate(text):
        if escaped:
            escaped = False
        elif quoted:
            escaped = character == "\\"
            quoted = character != '"'
        elif character == '"':
            quoted = True
        elif character in _BRACKETS:
            expected.append(_BRACKETS[character])
        elif expected and character == expected[-1]:
            expected.pop()
        elif character == "," and not expected:
            words.append(text[begin:place].strip())
            begin = place + 1
    words.append(text[begin:].strip())
    return tuple(words) if text.strip() else ()
