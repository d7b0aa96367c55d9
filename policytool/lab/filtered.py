# SPDX-License-Identifier: GPL-2.0-or-later
"""The system calls that a filter (seccomp) refused, by audit's SECCOMP records: denials as SELinux's own are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from policytool.model.context import ContextError, SecurityContext
from policytool.traces.events.fields import fields, number, plain, text_value
from policytool.traces.events.record import decoded
from policytool.traces.events.syscalls import arch_name, syscall_name
from policytool.traces.formats.lines import read_records

# include/uapi/linux/audit.h
_KINDS = frozenset({b"SECCOMP", b"1326"})


@dataclass(frozen=True, slots=True, order=True)
class FilteredCall:
    """A call that a filter refused: who made it (a domain and a program), its name, in so many records."""

    domain: str
    program: str
    name: str
    count: int


def filtered_calls(lines: Iterable[bytes], domains: Collection[str]) -> tuple[FilteredCall, ...]:
    """Return what filters refused processes of DOMAINS, by the records in LINES of a log; sorted."""
    found: Counter[tuple[str, str, str]] = Counter()
    for record in read_records(lines, "audit.log", lambda _: None):
        if record.kind not in _KINDS:
            continue
        values = fields(decoded(record.body), record.form)
        try:
            domain = SecurityContext.parse(plain(values.get("subj"))).type_
        except ContextError:
            continue
        if domain in domains:
            call = number(values.get("syscall"))
            name = "" if call is None else syscall_name(arch_name(values.get("arch", "")), str(call))
            found[domain, text_value(values.get("exe"), record.form), name] += 1
    return tuple(FilteredCall(*key, count) for key, count in sorted(found.items()))
