# SPDX-License-Identifier: GPL-2.0-or-later
"""What may stand before a record on its line: times, hosts and tags of logs, file names, marks of quotation.

A prefix is made of such pieces and of nothing else. A record in the middle of any other text is somebody's text:
whoever may choose a user name for sshd to complain about must not be able to invent a denial.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from policytool.traces.events.record import decoded
from policytool.traces.formats import dmesg, logcat
from policytool.traces.formats.timestamps import DAY_OF_MONTH, WEEKDAY, milliseconds

_CLOCK = rb"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"

# Times: of syslog, `journalctl -o short-*`, RFC 5424 and most programs. The first group is the time.
_MONTH_FIRST = re.compile(
    rb"(" + WEEKDAY + rb"?" + DAY_OF_MONTH + rb"(?: \d{4})? " + _CLOCK + rb"(?: (?:[A-Z]{3,4} )?\d{4})?):? {1,3}"
)
_ISO = re.compile(
    WEEKDAY + rb"?(\d{4}-\d\d-\d\d[T ]" + _CLOCK + rb"(?:Z| ?[+-]\d\d:?\d\d| [A-Z]{3,4}(?= ))?)[:,]?(?: {1,3}|\t)"
)
_EPOCH = re.compile(rb"(\d{9,10})\.(\d{3})\d{0,6} {1,3}")
_LEVEL = re.compile(rb"<\d{1,3}>|[a-z]{3,8} {0,6}:[a-z]{3,7} {0,6}: ")
_RFC5424 = re.compile(
    rb"<\d{1,3}>1 (\S{1,40}) (\S{1,255}) (\S{1,48}) \S{1,128} \S{1,32} "
    rb"(?:-|(?:\[[^\[\]]{0,500}\]){1,5}) ?(?:\xef\xbb\xbf)?"
)

# Names: who wrote a line. A tag of any name may come once, and needs a time or its host before it to have a host.
_HOST = rb"(?:([A-Za-z0-9](?:[\w.:-]{0,253}\w)?) {1,3})?"
_ID = rb"(?: ?\( {0,6}\d{1,10}\)|\[\d{1,10}\])?"
_SYSTEM = rb"((?:kernel|auditd?|audispd|audisp-\w{1,20}|[Ss][Ee][Ll]inux|dbus(?:-daemon|-broker)?|systemd))"
_HOST_AND_SYSTEM = re.compile(_HOST + _SYSTEM + _ID + rb" {0,8}: {1,3}")
_HOST_AND_TAG = re.compile(_HOST + rb"(?!avc:)([A-Za-z/(_][\w./@()+-]{0,63})" + _ID + rb" {0,8}: {1,3}")
_SPEAKER = re.compile(rb"(" + dmesg.SPEAKER + rb")")
_TAG = re.compile(rb"(?!avc:)([A-Za-z/(_][\w./@()+-]{0,63})" + _ID + rb" {0,8}: {1,3}")

# Marks: quotations, lists, comments, literals of programs, file names of grep, `journalctl -o verbose`.
_MARKS = re.compile(
    rb"\(XEN\) |[\s>|#*+\"'`~;,(/-]{1,40}|\d{1,4}[.)] {1,3}|\xe2\x80\xa2 ?|Raw Audit Messages\s{0,40}:?|&gt; ?"
)
_NAMED = re.compile(rb"[A-Za-z_][\w.]{0,60}(?: ?:?\+?= ?|\()(?=[rbuf]?[\"'`])|MESSAGE=|\d{1,7}\t")
_FILE = re.compile(rb"(?:[./~][^\s:]{1,250}|[\w.@-]{1,200}):(?:\d{1,9}[:-])?(?=\S)")
_EMPHASIS = re.compile(rb"\*{1,3}(?:type=\w{1,40}|avc:)\*{1,3}")
_MOST = 12
_FURTHEST = 1024
_HINT = re.compile(rb"audit|avc:|AVC|type[= ]")

# What begins a record. After a prefix there has to be one.
RECORD_HEAD = re.compile(
    rb"(?:(?:node|host)=\S{1,256} )?type[= ](?:UNKNOWN\[)?\w{1,64}\]? |(?:msg=)?audit\(|"
    rb"avc: {1,3}(?:denied|granted)\b|"
    rb"(?:AVC|USER_AVC|SYSCALL|PATH|CWD|EXECVE|PROCTITLE|SOCKADDR|(?:USER_)?SELINUX_ERR) {1,3}[a-z]|"
    rb"(?:[\w:.,-]{1,200} )?(?:[a-z]{1,20}=[^\s'\"]{0,200} ){0,16}msg='avc:"
)
_LOGGED = re.compile(rb"[A-Z][A-Z0-9_]{2,30}(?:\[\d{1,5}\])? {1,3}[a-z]")


class Prefix(NamedTuple):
    """What stood before a record, and the record. `milliseconds` is None and `host` empty where nothing tells."""

    record: bytes
    milliseconds: int | None
    host: bytes
    audit: bool


# Whether a record begins on a line is asked before the line is read.
@lru_cache(maxsize=8)
def peel(line: bytes) -> Prefix | None:
    """Take away what stands before the record in LINE; None if there is nothing before it, or no record."""
    if not _HINT.search(line, 0, _FURTHEST + 64):
        return None
    if _EMPHASIS.search(line):
        line = b"* " + line.replace(b"*", b"")
    place = 0
    moment: int | None = None
    # Whether a time was there, in whatever language, and whether it was the kernel's own log's.
    timed = printed = False
    host = tag = b""
    for _ in range(_MOST):
        if RECORD_HEAD.match(line, place) or (tag.startswith(b"audit") and _LOGGED.match(line, place)):
            return Prefix(_literal(line, place), moment, host, tag.startswith(b"audit")) if place else None
        if place > _FURTHEST:
            return None
        first = line[place : place + 1]
        if first == b"<" and (match := _RFC5424.match(line, place)):
            moment, host, tag, timed = _moment(match[1]), match[2], match[3], True
        elif not tag and (match := logcat.MESSAGE.match(line, place)):
            moment, tag, timed = _moment(match["date"] or match["date2"] or b""), b"logcat", True
        elif not timed and (match := _time(line, place, first)):
            moment, timed = _moment(match[1]), True
        elif match := dmesg.STAMP.match(line, place):
            moment = _printed(match) if moment is None else moment
            timed, printed = True, printed or not tag
        elif match := _EPOCH.match(line, place):
            moment = int(match[1]) * 1000 + int(match[2]) if moment is None else moment
            timed = True
        elif not tag and (match := _LEVEL.match(line, place)):
            pass
        elif match := _HOST_AND_SYSTEM.match(line, place):
            host, tag = host or match[1] or b"", match[2]
        elif not tag and (match := (_tagged(timed, printed)).match(line, place)):
            tag = match[match.re.groups]
            host = host or (match[1] if match.re.groups == 2 else b"") or b""
        elif tag and timed:
            # The message of a line of a log; nothing but the audit system's own may come before a record in it.
            return None
        elif not (match := _FILE.match(line, place) or _MARKS.match(line, place) or _NAMED.match(line, place)):
            return None
        place = match.end()
    return None


def begins_line(text: bytes) -> bool:
    """Say whether TEXT begins as a line of a log does, with a time of its own: such a line continues no other."""
    first = text[:1]
    return (
        (first == b"<" and _RFC5424.match(text) is not None)
        or _time(text, 0, first) is not None
        or any(pattern.match(text) is not None for pattern in (_LEVEL, _EPOCH, dmesg.STAMP, logcat.MESSAGE))
    )


def _tagged(timed: bool, printed: bool) -> re.Pattern[bytes]:
    if printed:
        return _SPEAKER
    return _HOST_AND_TAG if timed else _TAG


def _time(line: bytes, place: int, first: bytes) -> re.Match[bytes] | None:
    if first.isdigit():
        return _ISO.match(line, place) or _MONTH_FIRST.match(line, place)
    if first.isalpha() or first > b"\x7f":
        return _MONTH_FIRST.match(line, place) or _ISO.match(line, place)
    return None


def _printed(stamp: re.Match[bytes]) -> int | None:
    """Return the milliseconds of a time in the kernel's log: since the epoch, or since its start."""
    if stamp["date"]:
        return _moment(stamp["date"])
    if stamp["us"]:
        return int(stamp["us"]) // 1000
    return int(stamp["s"]) * 1000 + int(stamp["ms"]) if stamp["s"] else None


@lru_cache(maxsize=256)
def _moment(time: bytes) -> int | None:
    return milliseconds(decoded(time), year=1970)


def _literal(line: bytes, place: int) -> bytes:
    """Return the rest of LINE after PLACE; in a literal of a program without the marks of that."""
    record = line[place:]
    before = line[place - 1 : place]
    if before in (b'"', b"'") and b"\\" + before in record:
        return record.replace(b"\\" + before, before)
    if b"&quot;" in record:
        # Copied from the source of a web page.
        for name, mark in ((b"quot", b'"'), (b"lt", b"<"), (b"gt", b">"), (b"amp", b"&")):
            record = record.replace(b"&" + name + b";", mark)
    return record
