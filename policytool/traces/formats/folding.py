# SPDX-License-Identifier: GPL-2.0-or-later
"""Records that a terminal, a mail or a commit message folded: lines that go on where a record was broken off.

Whether a space was lost at the end of a line is told by what is on both sides of it. Where that cannot be told the
lines stay apart, and the record is reported as truncated. A line on which a record begins continues nothing.
"""

from __future__ import annotations

import re

from policytool.traces.events import record
from policytool.traces.events.fields import KEYS
from policytool.traces.events.record import decoded
from policytool.traces.events.vocabulary import CLASSES, PERMISSIONS
from policytool.traces.formats.prefix import RECORD_HEAD, begins_line, peel
from policytool.traces.formats.strace import begins_call

# A record of the kernel has at most 8,970 bytes, and no terminal fewer than some forty columns.
_MAX_BYTES = 16_384
_MAX_LINES = 256

# What auditd wrote; the fast path takes such a line for a record, whatever is before it.
_RECORD = re.compile(
    rb"%s\(%s%s" % (record.AUDITD_HEAD.pattern, record.AUDITD_STAMP.pattern, re.escape(record.AUDITD_BETWEEN))
)
_MARKS = re.compile(rb"[\s>|#*]+")
_KINDS = re.compile(rb"(?:(?:node|host)=\S{1,256} )?type[= ]\S{0,64}")
_STAMPED = re.compile(rb"audit\((?:\d{1,12}[.,]\d{1,3}|[^()]{6,60}[ T]\d\d?:\d\d:\d\d[^()]{0,30}):\d{1,20}\)")
_WAITS = re.compile(rb"audit\([^()]{1,100}\) ?:?\s*$|(?:^|\s)(?:type[= ]\S{1,64}|msg=)$")
_MESSAGE = re.compile(rb"(?:\S{1,200} ){0,16}msg='")
# A message of a program that has its end.
_CLOSED = re.compile(rb" msg='.*'\s*$", re.DOTALL)
_VERB = re.compile(rb"avc:\s*([a-z]*)$")
_FIELD = re.compile(rb"([A-Za-z][\w-]*)=(.*)", re.DOTALL)
_CONTEXT = re.compile(rb"[\w:.,-]+")
_CONTEXTS = frozenset((b"scontext", b"tcontext", b"subj", b"obj", b"srawcon", b"trawcon"))
_HEX = re.compile(rb"[0-9A-Fa-f]+")
_WORD = re.compile(rb"[a-z_0-9]+")
_DIGIT = re.compile(rb"[01](?!\w)")
_PART_OF_AVC = re.compile(rb"(?:\) ?:?\s*|msg=')(?:a|av|avc)$")

# What may come after permissive=.
_AFTER = frozenset((b"srawcon", b"trawcon", b"exe", b"sauid", b"hostname", b"addr", b"terminal"))


class Folding:
    """Puts lines together; holds back each on which a record begins until the next line is known."""

    def __init__(self) -> None:
        self._text = b""
        self._number = 0
        self._lines = 0

    def add(self, line: bytes, number: int) -> list[tuple[bytes, int]]:
        """Take a line; return those that are whole by now, each with the number of its first line."""
        if self._text and self._lines < _MAX_LINES and len(self._text) + len(line) < _MAX_BYTES:
            joined = join(self._text, line)
            if joined is not None:
                self._text = joined
                self._lines += 1
                return []
        whole = self.rest()
        if begins(line) or _KINDS.fullmatch(line):
            self._text, self._number, self._lines = line, number, 1
        else:
            whole.append((line, number))
        return whole

    def rest(self) -> list[tuple[bytes, int]]:
        """Return the line that was held back, if any."""
        whole = [(self._text, self._number)] if self._text else []
        self._text = b""
        return whole


def begins(line: bytes) -> bool:
    """Say whether a record begins on LINE."""
    return RECORD_HEAD.match(line) is not None or peel(line) is not None


def join(text: bytes, line: bytes) -> bytes | None:
    """Return TEXT, on which a record begins, continued by LINE; None where LINE does not continue it."""
    mark = _MARKS.match(line)
    rest = line[mark.end() if mark else 0 :].rstrip()
    if not rest or _RECORD.match(rest):
        return None
    if text.rfind(b"audit(") > text.rfind(b")"):
        glue = _in_stamp(text, rest)
    elif _WAITS.search(text):
        glue = _after_head(text, rest)
    elif _CLOSED.search(text) or begins_line(rest):
        # What another program wrote: a user name given to sshd may well look like the next field.
        return None
    elif begins_call(rest) or (
        begins(rest) and not (b"USER_AVC" in text and b"avc:" not in text and _MESSAGE.match(rest))
    ):
        return None
    else:
        glue = _glue(text.rstrip(), rest)
    if glue is None:
        return None
    return text.rstrip() + (b" " if text[-1:].isspace() else glue) + rest


def _after_head(text: bytes, rest: bytes) -> bytes | None:
    """Decide how REST goes on after a header, or a part of one."""
    if text.endswith(b"msg="):
        return b"" if rest.startswith(b"audit(") else None
    if not text.rstrip().endswith((b")", b":")):
        # `type=AVC` alone.
        return b" " if rest.startswith((b"msg=audit(", b"audit(")) else None
    if rest.startswith(b"avc:"):
        return b" " if b"AVC" in text or b"type=" not in text or b"type=1400" in text else None
    return b" " if _known(rest) or rest.startswith(b": ") else None


def _in_stamp(text: bytes, rest: bytes) -> bytes | None:
    begun = text[text.rfind(b"audit(") :]
    return next((glue for glue in (b"", b" ") if _STAMPED.match(begun + glue + rest)), None)


def _glue(text: bytes, rest: bytes) -> bytes | None:
    """Decide what was between TEXT and REST: a space, nothing, or (None) something else."""
    if _PART_OF_AVC.search(text):
        return b"" if b"avc:" in (text[-3:] + rest[:4]) else None
    at = text.rfind(b"avc:")
    if at >= 0:
        after = text[at:]
        verb = _VERB.match(after)
        if verb is not None:
            return _in_verb(verb[1], rest)
        if after.rfind(b"{") > after.rfind(b"}"):
            return _in_permissions(after[after.rfind(b"{") + 1 :], rest)
    if text.count(b'"', max(at, 0)) % 2:
        # The kernel quotes nothing that holds a space.
        return b""
    return _between_fields(text, rest)


def _in_verb(word: bytes, rest: bytes) -> bytes | None:
    first = rest.split(None, 1)[0]
    verbs = (b"denied", b"granted")
    if word in (*verbs, b""):
        return b" " if first.startswith(b"{") or (not word and first in verbs) else None
    return b"" if word + first in verbs else None


def _in_permissions(before: bytes, rest: bytes) -> bytes | None:
    words = before.split()
    first = _WORD.match(rest)
    if not words or first is None:
        return b" " if first or rest.startswith(b"}") else None
    left, right = decoded(words[-1]), decoded(first[0])
    together = left + right in PERMISSIONS
    apart = left in PERMISSIONS and right in PERMISSIONS
    # `write` and `open` are two permissions, `re` and `ad` are one; anything else might be either.
    return None if together == apart else b"" if together else b" "


def _between_fields(text: bytes, rest: bytes) -> bytes | None:
    last, words = text.rsplit(None, 1)[-1], rest.split(None, 2)
    first = words[0]
    field = _FIELD.fullmatch(last)
    if field is None or field[1].decode("ascii") not in KEYS:
        if _known(last + first):
            return b""
        if last + first in (b"for", b"}"):
            return b""
        plain = last in (b"for", b"}", b":") or _known(first)
        return b" " if plain and (_known(first) or first == b"for") else None
    key, value = field.groups()
    if key == b"permissive":
        if value:
            return b" " if _known(first) and first.partition(b"=")[0] in _AFTER else None
        return b"" if _DIGIT.match(first) else None
    if key == b"tclass":
        return _in_class(value, words)
    if _known(first) or first.startswith(b"msg='"):
        return b" "
    followed = len(words) == 1 or _known(words[1]) or words[1].startswith(b"msg='") or _is_begun(words[1:])
    if key in _CONTEXTS:
        return b"" if followed and _CONTEXT.fullmatch(first) else None
    if followed and _HEX.fullmatch(value) and _HEX.fullmatch(first):
        return b""
    if value.startswith(b'"'):
        # A quoted value that has ended.
        return None
    return b" " if any(_known(word) for word in rest.split()) else None


def _in_class(value: bytes, words: list[bytes]) -> bytes | None:
    first = words[0]
    name = _WORD.fullmatch(first)
    if name and decoded(value + first) in CLASSES and (len(words) == 1 or _known(words[1])):
        return b""
    if first.startswith(b"permissive=") and not all(map(_known, words[1:])):
        return None
    return b" " if _known(first) else None


def _is_begun(words: list[bytes]) -> bool:
    """Say whether WORDS is one word, with which the name of a field may begin."""
    return len(words) == 1 and any(key.startswith(decoded(words[0])) for key in KEYS)


def _known(word: bytes) -> bool:
    """Say whether WORD begins with a known name of a field and an equal sign."""
    field = _FIELD.match(word.split(None, 1)[0])
    return field is not None and field[1].decode("ascii") in KEYS
