# SPDX-License-Identifier: GPL-2.0-or-later
"""The system calls in which accesses were asked for: what a recording of accesses knows of calls.

They are few of all calls, but those that reach something. A recording of calls has to have each of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from policytool.hardening.needed import Needer
from policytool.model.access import AccessVector


def asked_calls(vectors: Iterable[AccessVector], domains: Collection[str]) -> Mapping[str, tuple[Needer, ...]]:
    """Return the names of the calls in which processes of DOMAINS asked for what VECTORS are, and who made them.

    An access whose record names no call is left out.
    """
    found: dict[str, dict[tuple[str, str], int]] = {}
    for vector in vectors:
        if vector.source.type_ in domains:
            for use, count in vector.evidence.uses:
                if use.syscall:
                    each = found.setdefault(use.syscall, {})
                    key = (vector.source.type_, use.program)
                    each[key] = each.get(key, 0) + count
    return {
        name: tuple(Needer(domain, program, count) for (domain, program), count in sorted(each.items()))
        for name, each in sorted(found.items())
    }
