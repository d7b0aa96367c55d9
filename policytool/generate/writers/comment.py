# SPDX-License-Identifier: GPL-2.0-or-later
"""The reason of a rule as comment lines, the same in every format but for the mark in front."""

from __future__ import annotations

from collections.abc import Sequence

from policytool.model.access import Evidence, Use
from policytool.model.printable import printable
from policytool.model.rules import AllowRule
from policytool.model.support import NOT_TOLD, Sample, support

# A module is read by people: the most frequent of the kept uses, cut to fit a line; evidence.json has more.
_USES_SHOWN = 3
_WIDTH = 160
_PATH_WIDTH = 70


def reasons(rule: AllowRule, sample: Sample = NOT_TOLD) -> tuple[str, ...]:
    """Return why RULE exists: how often and where in SAMPLE it was seen, by which program, call and path."""
    lines = rule.reason.split("\n") if rule.reason else []
    if rule.evidence:
        first, *others = rule.evidence
        lines += _seen(first.merge(*others), sample)
        lines += _weak(rule, sample)
    return tuple(safe(line) for line in lines)


def supported(evidence: Sequence[Evidence], sample: Sample = NOT_TOLD) -> str:
    """Return how often and where in SAMPLE what EVIDENCE is about was seen, "" without any."""
    if not evidence:
        return ""
    first, *others = evidence
    return _times(first.merge(*others), sample)


def safe(text: str, width: int = _WIDTH) -> str:
    """Return TEXT, which may come from a log, fit for the rest of a comment line of m4 and CIL.

    At most WIDTH characters of it, 0 for all.
    """
    # m4 does not look into comments, but for one that stands inside the quotes of a macro's argument.
    return printable(text, width).translate({ord("`"): "\\x60", ord("'"): "\\x27"})


def _times(evidence: Evidence, sample: Sample) -> str:
    times = "once" if evidence.count == 1 else f"{evidence.count} times"
    # A log that was made to explode may have pushed out every use.
    if not evidence.uses:
        return f"seen {times}"
    return f"seen {times} {support(evidence, sample).text(sample.scenarios)}"


def _seen(evidence: Evidence, sample: Sample) -> list[str]:
    shown = evidence.shown(_USES_SHOWN)
    lines = [f"{_times(evidence, sample)}:"]
    lines += [f"  {count} x {_use(use)}" for use, count in shown]
    if rest := evidence.count - sum(count for _, count in shown):
        lines.append(f"  {rest} x in other ways")
    return lines


def _weak(rule: AllowRule, sample: Sample) -> list[str]:
    """Return what is doubtful, with the permissions that it is about where that is not every one."""
    perms: dict[str, list[str]] = {}
    if len(rule.evidence) != len(rule.perms):
        # A rule that stands for others (what is written in their place) has evidence of them all together.
        return []
    for perm, evidence in zip(rule.perms, rule.evidence, strict=True):
        if weak := support(evidence, sample).weak(sample.scenarios):
            perms.setdefault(weak, []).append(perm)
    return [
        weak if len(about) == len(rule.perms) else f"{' '.join(about)}: {weak}"
        for weak, about in sorted(perms.items())
    ]


def _use(use: Use) -> str:
    path = use.path if len(use.path) <= _PATH_WIDTH else f"{use.path[: _PATH_WIDTH - 3]}..."
    parts = (use.program or "an unknown program", use.syscall, path, f"({use.trace})")
    return " ".join(part for part in parts if part)
