# SPDX-License-Identifier: GPL-2.0-or-later
"""File contexts that changed: which domains may do more with the files because they have another label."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from policytool.check.file_contexts import sample_paths
from policytool.gate.growth import Growth, Pair
from policytool.model.printable import printable
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRuleType

# (class of the object, paths) to (path, context) as libselinux answers: "" or <<none>> where there is no label.
Ask = Callable[[str, Iterable[str]], Mapping[str, str]]

# What file_contexts(5) puts between the pattern and the context, and the class of the objects that it means.
KINDS = {
    "--": "file",
    "-d": "dir",
    "-l": "lnk_file",
    "-s": "sock_file",
    "-p": "fifo_file",
    "-b": "blk_file",
    "-c": "chr_file",
}
_CLASSES = tuple(KINDS.values())
_NAMED = 3


@dataclass(frozen=True)
class FileLabels:
    """The file contexts of one side: the lines (pattern, kind as in KINDS or "", context), and who answers."""

    entries: frozenset[tuple[str, str, str]]
    ask: Ask


def read_entries(text: str) -> frozenset[tuple[str, str, str]]:
    """Return the entries of a file_contexts text."""
    found = set()
    for line in text.splitlines():
        words = line.split()
        if len(words) in (2, 3) and not line.startswith("#"):
            found.add((words[0], words[1] if len(words) == 3 else "", words[-1]))
    return frozenset(found)


def file_label_growth(pair: Pair, before: FileLabels, after: FileLabels) -> Iterator[Growth]:
    """Yield each entry that differs and by which somebody may do more with a path that it matches.

    Where no path can be told from a pattern, the two contexts of the entries are compared. A user or a range that
    changes is told as well.
    """
    changed = before.entries ^ after.entries
    asked: dict[str, set[str]] = {}
    for pattern, kind, _ in changed:
        for tclass in [KINDS[kind]] if kind in KINDS else ("file", "dir"):
            asked.setdefault(tclass, set()).update(sample_paths(pattern))
    was = {tclass: before.ask(tclass, paths) for tclass, paths in asked.items()}
    now = {tclass: after.ask(tclass, paths) for tclass, paths in asked.items()}
    stated = [{entry[:2]: entry[2] for entry in side.entries} for side in (before, after)]
    told = set()
    for pattern, kind in sorted({entry[:2] for entry in changed}):
        classes = (KINDS[kind],) if kind in KINDS else _CLASSES
        labels = set()
        for tclass in {"file", "dir"} & set(classes) or set(classes):
            for path in sample_paths(pattern):
                labels.add((was[tclass].get(path, ""), now[tclass].get(path, "")))
        if not labels:
            labels = {(stated[0].get((pattern, kind), ""), stated[1].get((pattern, kind), ""))}
        for old, new in sorted(labels):
            if old == new or (pattern, old, new) in told:
                continue
            told.add((pattern, old, new))
            if said := _said(pair, classes, old, new):
                yield Growth(
                    "G-filecon",
                    f"{printable(pattern, 200)} is labelled {_shown(new)}, and was {_shown(old)}: {said}",
                    target=_type(new),
                    words=(pattern, _type(new)),
                    keyword="filecon",
                )


def _said(pair: Pair, classes: Iterable[str], old: str, new: str) -> str:
    if _type(old) and _type(old) == _type(new):
        return "another user or range"
    if not _type(new):
        return "relabelling leaves whatever label the file has"
    gains = sorted(_gains(pair, frozenset(classes), _type(old), _type(new)))
    if not gains:
        return ""
    sources = sorted({source for source, _, _ in gains})
    source, tclass, perm = gains[0]
    more = ", ..." if len(sources) > _NAMED else ""
    return (
        f"{len(sources)} domains may do more with it ({', '.join(sources[:_NAMED])}{more}), "
        f"e.g. {source} may {perm} the {tclass}"
    )


def _gains(pair: Pair, classes: frozenset[str], old: str, new: str) -> set[tuple[str, str, str]]:
    """Return (source, class, permission) held on NEW in AFTER, and not on OLD in BEFORE."""
    before = {
        (pair.renamed.get(source, source), tclass, perm)
        for source, tclass, perm in _holders(pair.before, old, classes)
    }
    return _holders(pair.after, new, classes) - before


def _holders(policy: CompiledPolicy, type_: str, classes: frozenset[str]) -> set[tuple[str, str, str]]:
    names = {type_, *policy.attributes_of(type_)}

    def asked(source: str, target: str, tclass: str) -> bool:
        return target in names and tclass in classes

    return {
        (source, rule.tclass, perm)
        for rule in policy.rules((TeRuleType.ALLOW,), asked)
        for source in policy.expand(rule.source)
        for perm in rule.perms
    }


def _type(context: str) -> str:
    parts = context.split(":")
    return parts[2] if len(parts) > 2 else ""


def _shown(context: str) -> str:
    return printable(context, 100) or "nothing"
