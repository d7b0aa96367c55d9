# SPDX-License-Identifier: GPL-2.0-or-later
"""The reason of a rule as comment lines, the same in every format but for the mark in front."""

from __future__ import annotations

from policytool.model.access import Evidence, Use
from policytool.model.printable import printable
from policytool.model.rules import AllowRule

# A module is read by people: the most frequent of the kept uses, cut to fit a line; evidence.json has them all.
_USES_SHOWN = 3
_WIDTH = 160
_PATH_WIDTH = 70


def reasons(rule: AllowRule) -> tuple[str, ...]:
    """Return why RULE exists: how often it was seen, by which program and call, on which path, in which trace."""
    lines = rule.reason.split("\n") if rule.reason else []
    if rule.evidence:
        first, *others = rule.evidence
        lines += _seen(first.merge(*others))
    return tuple(safe(line) for line in lines)


def safe(text: str, width: int = _WIDTH) -> str:
    """Return TEXT, which may come from a log, fit for the rest of a comment line of m4 and CIL.

    At most WIDTH characters of it, 0 for all.
    """
    # m4 does not look into comments, but for one that stands inside the quotes of a macro's argument.
    return printable(text, width).translate({ord("`"): "\\x60", ord("'"): "\\x27"})


def _seen(evidence: Evidence) -> list[str]:
    times = "once" if evidence.count == 1 else f"{evidence.count} times"
    if len(evidence.uses) == 1 and evidence.uses[0][1] == evidence.count:
        return [f"seen {times}: {_use(evidence.uses[0][0])}"]
    shown = evidence.shown(_USES_SHOWN)
    lines = [f"seen {times}:"]
    lines += [f"  {count} x {_use(use)}" for use, count in shown]
    if rest := evidence.count - sum(count for _, count in shown):
        lines.append(f"  {rest} x in other ways")
    return lines


def _use(use: Use) -> str:
    path = use.path if len(use.path) <= _PATH_WIDTH else f"{use.path[: _PATH_WIDTH - 3]}..."
    parts = (use.program or "an unknown program", use.syscall, path, f"({use.trace})")
    return " ".join(part for part in parts if part)
