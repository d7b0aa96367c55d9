# SPDX-License-Identifier: GPL-2.0-or-later
"""The reason of a rule as comment lines, the same in every format but for the mark in front."""

from __future__ import annotations

from policytool.model.access import Evidence, Use
from policytool.model.printable import printable
from policytool.model.rules import AllowRule

# A module is read by people: the first uses of a rule, cut to what fits a line; evidence.json has all that is kept.
_USES_SHOWN = 3
_WIDTH = 100


def reasons(rule: AllowRule) -> tuple[str, ...]:
    """Return why RULE exists: how often it was seen, by which program and call, on which path, in which trace.

    The texts come from a log: they are printable ASCII on return, without the characters that m4 or CIL could
    take for the end of a comment or a quote.
    """
    lines = [rule.reason] if rule.reason else []
    if rule.evidence:
        first, *others = rule.evidence
        lines += _seen(first.merge(*others))
    return tuple(safe(line) for line in lines)


def safe(text: str) -> str:
    """Return TEXT fit for the rest of a comment line of m4 and CIL."""
    # m4 does not look into comments, but for one that stands inside the quotes of a macro's argument.
    return printable(text, 2 * _WIDTH).translate({ord("`"): "\\x60", ord("'"): "\\x27"})


def _seen(evidence: Evidence) -> list[str]:
    times = "once" if evidence.count == 1 else f"{evidence.count} times"
    lines = [f"seen {times}:"]
    lines += [f"  {_use(use)} ({count} x, {use.trace})" for use, count in evidence.uses[:_USES_SHOWN]]
    if evidence.count > (shown := sum(count for _, count in evidence.uses[:_USES_SHOWN])):
        lines.append(f"  and {evidence.count - shown} x in other ways")
    return lines


def _use(use: Use) -> str:
    parts = (use.program or "unknown program", use.syscall, use.path)
    return printable(" ".join(part for part in parts if part), _WIDTH)
