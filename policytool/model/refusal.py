# SPDX-License-Identifier: GPL-2.0-or-later
"""What SELinux refused outside of the access vector cache, told by SELINUX_ERR records. No allow rule cures it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nsmallest

from policytool.model.event import SelinuxError

# How many distinct refusals are kept: the smallest in sort order, so that the order of reading does not matter.
MAX_REFUSALS = 1024

# No valid context is longer than this.
_MAX_TEXT = 400


@dataclass(frozen=True, slots=True, order=True)
class Refusal:
    """One refusal. Texts are the record's own, so hostile: contexts need not be contexts. "" means absent.

    `op` is the kernel's function that refused. `source`, `target` and `tclass` are what it was asked about; `old`
    and `new` the contexts between which a change was refused, or `new` the one that is not valid. `syscall` is the
    call that was made, which tells an execution under no_new_privs from a change of context by a thread.
    """

    op: str
    source: str = ""
    target: str = ""
    tclass: str = ""
    old: str = ""
    new: str = ""
    perms: tuple[str, ...] = ()
    reason: str = ""
    syscall: str = ""


def refusal(error: SelinuxError, syscall: str) -> Refusal:
    """Return what ERROR, a record of an event with SYSCALL ("" if unknown), tells."""
    found = {key: value[:_MAX_TEXT] for key, value in reversed(error.fields)}
    return Refusal(
        op=error.op,
        source=found.get("scontext") or found.get("taskcontext", ""),
        target=found.get("tcontext", ""),
        tclass=found.get("tclass", ""),
        old=found.get("oldcontext", ""),
        new=found.get("newcontext") or found.get("invalid_context", ""),
        perms=tuple(sorted(filter(None, found.get("perms", "").split(",")))),
        reason=found.get("reason", ""),
        syscall=syscall,
    )


def kept(counts: Iterable[tuple[Refusal, int]]) -> tuple[tuple[Refusal, int], ...]:
    """Add up COUNTS and return the refusals that are kept, in order; exact in their counts."""
    total: Counter[Refusal] = Counter()
    for refused, count in counts:
        total[refused] += count
    return tuple(nsmallest(MAX_REFUSALS, total.items()))
