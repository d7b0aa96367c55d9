# SPDX-License-Identifier: GPL-2.0-or-later
"""Security contexts and the identifiers they are made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

# checkpolicy/policy_scan.l, "identifier". A log is hostile input: what does not match never becomes a name.
IDENTIFIER = re.compile(r"[A-Za-z](?:[A-Za-z0-9_-]|\.(?=[A-Za-z0-9_-]))*", re.ASCII)

# A level or range as the kernel prints it: sensitivities, categories, and the marks between them.
_RANGE = re.compile(r"[A-Za-z0-9_.,:-]+", re.ASCII)


# Objects have this role; no policy lists the types and users that it goes with (libsepol, context.c).
OBJECT_ROLE = "object_r"

# The kernel takes and gives a context in one page (selinuxfs); longer ones must not fill the memory either.
_LONGEST = 4096


class ContextError(ValueError):
    """A text that is not a security context."""


def is_identifier(text: str) -> bool:
    """Say whether TEXT may stand as a name in policy source (checkpolicy's own rule)."""
    return IDENTIFIER.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, order=True)
class SecurityContext:
    """A security context: user, role, type and, where the policy has MLS or MCS, a range ("" if none)."""

    user: str
    role: str
    type_: str
    range_: str = ""

    @classmethod
    def parse(cls, text: str) -> SecurityContext:
        """Read `user:role:type[:range]`; raise ContextError for anything else."""
        if len(text) > _LONGEST:
            raise ContextError(f"not a security context, {len(text)} characters long: {text[:200]!r}")
        return _parse(text)

    def __str__(self) -> str:
        parts = (self.user, self.role, self.type_, self.range_)
        return ":".join(parts if self.range_ else parts[:3])


@lru_cache(maxsize=4096)
def _parse(text: str) -> SecurityContext:
    parts = text.split(":", 3)
    if len(parts) < 3 or not all(is_identifier(part) for part in parts[:3]):
        raise ContextError(f"not a security context: {text[:200]!r}")
    range_ = parts[3] if len(parts) == 4 else ""
    if len(parts) == 4 and not _RANGE.fullmatch(range_):
        raise ContextError(f"not a security context: {text[:200]!r}")
    return SecurityContext(parts[0], parts[1], parts[2], range_)
