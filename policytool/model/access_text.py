# SPDX-License-Identifier: GPL-2.0-or-later
"""Accesses as a person writes them: 'SOURCE TARGET:CLASS PERM...', where TARGET may be self."""

from __future__ import annotations

from collections.abc import Iterator

from policytool.model.access import AccessKey


def access_keys(text: str) -> Iterator[AccessKey]:
    """Yield the accesses of TEXT, one for each permission. ValueError: it is not of the form."""
    source, _, rest = text.strip().partition(" ")
    target, _, rest = rest.strip().partition(":")
    tclass, *perms = rest.split() or ("",)
    if not (source and target and tclass and perms):
        raise ValueError(f"{text!r} is not 'SOURCE TARGET:CLASS PERM...'")
    for perm in perms:
        yield source, source if target == "self" else target, tclass, perm
