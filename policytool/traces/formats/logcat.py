# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands before a message of Android's log: each format of `logcat -v` and of the editors that show it.

See logcat(1) of the Android platform: brief, process, tag, thread, time and threadtime, with the modifiers uid,
year, zone, epoch, monotonic and usec. Android Studio and Unity write columns of their own.
"""

from __future__ import annotations

import re

_STAMP = (
    rb"(?:(?P<date>\d{4}[-/]\d\d[-/]\d\d \d\d:\d\d:\d\d\.\d{3,9}(?: [+-]\d{4})?)|"
    rb"\d\d-\d\d \d\d:\d\d:\d\d\.\d{3,9}(?: [+-]\d{4})?| {0,10}\d{1,10}\.\d{3,9})"
)
_LEVEL = rb"[VDIWEFA]"
# The name that a message is logged under. It may hold spaces and colons, but not in a row: a message begins there.
_TAG = rb"[^\s:(](?:[^\s:(]|:(?! )| (?! ))" rb"{0,60}"
_PROCESS = rb"\( {0,8}\d{1,8}(?:: {0,8}(?:0x)?[0-9a-f]{1,8})?\)"
_PAIR = rb" {1,6}\d{1,8}[ -] {0,6}\d{1,8}"

# time, brief and tag: `W/main( 123): …`; process and thread: `W( 123) …`; the level and the tag alone.
_BRIEF = rb"(?:%s {1,3})?%s/%s {0,60}(?:%s)?: {1,2}" % (_STAMP, _LEVEL, _TAG, _PROCESS)
_PID = rb"%s%s {1,2}" % (_LEVEL, _PROCESS)
_LONE = rb"%s [\w.-]{1,60} {0,60}: {1,2}" % _LEVEL

# After a time and two numbers. threadtime: `W main: …`; Android Studio, older and newer: `/package W/main: …` and
# `main package W …`; Unity: `Warn main …`.
_THREADTIME = rb" {1,3}%s %s {0,60}: {1,2}" % (_LEVEL, _TAG)
_STUDIO = rb"/\S{1,128} %s/%s: {1,2}| {1,6}\S{1,64} {1,40}\S{1,128} {1,40}%s {1,4}" % (_LEVEL, _TAG, _LEVEL)
_UNITY = rb" (?:Verbose|Debug|Info|Warn|Error|Fatal|Assert) \S{1,64} "
_COLUMNS = rb"%s(?: {1,6}(?:[a-z]\w{0,30}|\d{1,6}))?%s(?:%s|%s|%s)" % (
    _STAMP.replace(b"<date>", b"<date2>"),
    _PAIR,
    _THREADTIME,
    _STUDIO,
    _UNITY,
)

MESSAGE = re.compile(b"|".join((_BRIEF, _PID, _LONE, _COLUMNS)))
