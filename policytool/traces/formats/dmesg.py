# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands before a message of the kernel's own log: of dmesg, of /dev/kmsg, and as vendors write it.

See dmesg(1), Documentation/ABI/testing/dev-kmsg, and CONFIG_PRINTK_CALLER for `[ T1234]`. A phone's kernel adds
the processor and the task in a form of its vendor's own.
"""

from __future__ import annotations

import re

from policytool.traces.formats.timestamps import DAY_OF_MONTH, WEEKDAY

_AGO = rb"(?: {0,3}< {0,10}\d{1,9}[.,]\d{1,9}>)?"
# Seconds since the start, and the milliseconds of them.
_UPTIME = rb"\[ {0,12}(?P<s>\d{1,9})[.,](?P<ms>\d{3})\d{0,6}(?:,\d{1,3})?" + _AGO + rb"\]"
# Microseconds since the start.
_KMSG = rb"\d{1,5},\d{1,20},(?P<us>\d{1,16}),[-c+](?:,[\w=:.+-]{1,80})*;"
# dmesg -e: the time since the message before, or the minute of one that came long after it.
_RELATIVE = rb"\[ {0,12}\+ {0,12}\d{1,9}[.,]\d{1,9}\]|\[" + DAY_OF_MONTH + rb" \d\d:\d\d\]"
# dmesg -T.
_CALENDAR = (
    rb"\[(?P<date>" + WEEKDAY + rb"?" + DAY_OF_MONTH + rb" \d\d:\d\d:\d\d(?:[.,]\d{1,9})? \d{4}"
    rb"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)" + _AGO + rb"\]"
)

# Who spoke: the caller; the processor with task and process, as phones' kernels write them.
_CALLER = (
    rb" {0,2}\[ {0,8}[TC]\d{1,9}\]| {0,2}\(\d{1,3}\)\[\d{1,8}:[^\]\s]{1,20}\]|"
    rb" {1,2}\[\d{1,3}: {0,20}[^\]]{1,20}: {0,8}\d{1,8}\]| {1,2}c\d{1,3} {1,6}\d{1,8}(?= )"
)

STAMP = re.compile(
    rb"(?:" + rb"|".join((_UPTIME, _KMSG, _RELATIVE, _CALENDAR)) + rb")(?:" + _CALLER + rb")?:? {0,2}"
)

# Programs that log to the kernel's buffer themselves. Of no other is a record believed: drivers print names that a
# device chose, as `input: NAME as /devices/…` does.
SPEAKER = rb"(?:(?:hw|vnd)?servicemanager|init|ueventd|vold|apexd|logd(?:\.\w{1,20})?)(?:\[\d{1,8}\])?: "
