# SPDX-License-Identifier: GPL-2.0-or-later
"""The text of a drop-in: settings in force, those held back as comments, and the evidence of each above it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from policytool.hardening.settings import Setting
from policytool.hardening.unit_tree import UnitTree
from policytool.model.printable import printable

_WIDTH = 110
# What a value may be made of: no specifier (%), no quote, no line end (systemd.syntax(7)).
_VALUE = re.compile(r"[A-Za-z0-9_@./:+,=~ -]*", re.ASCII)
# Several lines of these add up, so that one of ours would widen the unit's own; an empty one takes those away.
_ADDING = frozenset({"CapabilityBoundingSet", "RestrictAddressFamilies", "SystemCallFilter", "DeviceAllow"})


def drop_in_text(settings: Iterable[Setting], tree: UnitTree, head: Sequence[str]) -> str:
    """Return the drop-in with SETTINGS; HEAD says what it was made of."""
    lines = [*_comment(head), "#", *_comment(_inherited(tree)), "", "[Service]"]
    reset: set[str] = set()
    for setting in settings:
        lines += _comment(setting.because)
        line = f"{setting.key}={setting.value}"
        if setting.held:
            lines += _comment([f"Held back: {setting.held}."])
            # One line, whatever a log has named: a comment does not go on behind a backslash.
            lines.append(f"#{printable(line)}".rstrip("\\"))
        elif not _VALUE.fullmatch(setting.value):
            lines += _comment(["Held back: a name in it cannot stand in a unit.", line])
        else:
            if setting.key in _ADDING and setting.key not in reset:
                reset.add(setting.key)
                lines.append(f"{setting.key}=")
            if setting.value or setting.key not in reset:
                lines.append(line)
        lines.append("")
    return "\n".join(lines)


def _inherited(tree: UnitTree) -> Iterator[str]:
    if not tree.descendants:
        yield f"Nothing was seen to enter another domain from {tree.domain}."
        return
    yield "Inherited by what the daemon starts, so their needs are in each line:"
    for descendant in tree.descendants:
        kind = ", a guest or container" if descendant.confined_apart else ""
        known = "" if descendant.recorded else ", not recorded: it counts as needing all that its policy allows"
        yield f"- {descendant.domain}, entered from {', '.join(descendant.entered_from)}{kind}{known}"


def _comment(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        wrapped = textwrap.wrap(
            printable(text), _WIDTH, initial_indent="# ", subsequent_indent="#   ", break_on_hyphens=False
        )
        # systemd joins a line with the next one behind a backslash.
        yield from (f"{line} ." if line.endswith("\\") else line for line in wrapped)
