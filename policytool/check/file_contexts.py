# SPDX-License-Identifier: GPL-2.0-or-later
"""File contexts of modules against those of the base: contradictions, repetitions, entries without effect.

secilc keeps one of two entries with the same pattern without a word, so the comparison is made here, on the
entries as they are written. What a path really gets is asked of libselinux by the toolchain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policytool.check.compile_errors import line_of
from policytool.check.findings import Finding, ModuleSource
from policytool.model.paths import literal_start
from policytool.model.printable import printable

_FILECON = re.compile(
    r'\(filecon\s+"(?P<pattern>[^"]*)"\s+(?P<kind>any|file|dir|symlink|socket|pipe|block|char)\s+'
    r"\((?P<context>[^()\s]*(?:\s+[^()\s]+)*\s*(?:\(\([^()]*\)\s*\([^()]*\)\)|[^()\s]*)?)\s*\)\s*\)"
)
# A pattern's parts whose every match is known: `(/.*)?` at the end, and one character made optional.
_SUBTREE = ("(/.*)?", "(/.+)?")
_OPTIONAL = re.compile(r"(?<!\\)(?P<kept>[A-Za-z0-9_/-])\?")
_CLASS = re.compile(r"\\(?:[A-Za-z0-9]|$)")
_ESCAPED = re.compile(r"\\.")
_META = re.compile(r"[][.*+?(){}|^$]")


@dataclass(frozen=True, slots=True)
class Filecon:
    """A filecon statement of CIL. `context` is user:role:type:low-high, "" where it is <<none>>."""

    pattern: str
    kind: str
    context: str
    line: int = 0

    @property
    def type_(self) -> str:
        """The type of the context, "" where it is <<none>>."""
        parts = self.context.split(":")
        return parts[2] if len(parts) > 2 else ""


def filecons(cil: str) -> tuple[Filecon, ...]:
    """Return the file contexts of a CIL text, with their lines."""
    found = []
    line, last = 1, 0
    for match in _FILECON.finditer(cil):
        line += cil.count("\n", last, match.start())
        last = match.start()
        words = re.findall(r"[^()\s]+", match["context"])
        levels = "-".join(dict.fromkeys(words[3:]))
        context = ":".join([*words[:3], levels] if levels else words[:3])
        found.append(Filecon(match["pattern"], match["kind"], context, line))
    return tuple(found)


def compare_filecons(
    source: ModuleSource, own: tuple[Filecon, ...], others: tuple[Filecon, ...]
) -> Iterator[Finding]:
    """Yield E-filecon where SOURCE's OWN entries contradict OTHERS' or each other, W-filecon-repeated if alike."""
    known: dict[tuple[str, str], tuple[Filecon, bool]] = {
        (entry.pattern, entry.kind): (entry, False) for entry in others
    }
    for entry in own:
        earlier, mine = known.setdefault((entry.pattern, entry.kind), (entry, True))
        if earlier is entry:
            continue
        file, line = place(source, entry)
        pattern = printable(entry.pattern, 200)
        if earlier.context == entry.context:
            if mine:
                continue
            message = f"{pattern} is labelled {entry.context or '<<none>>'} by another module already"
            yield Finding(file, line, "W-filecon-repeated", source.name, message, "remove the line")
        else:
            message = (
                f"{pattern} is given {entry.context or '<<none>>'}, but {earlier.context or '<<none>>'}"
                f" by {'the same module' if mine else 'another module'}"
            )
            hint = "one pattern and kind can have one context: use another pattern, or change the other module"
            yield Finding(file, line, "E-filecon", source.name, message, hint)


# A dot that is not escaped matches itself among others.
_ANY_CHARACTER = re.compile(r"\\.|\.(?![*+?{])")
# A quantifier of a quantifier: lazy or possessive.
_LAZY = re.compile(r"[?*+}][?+]")


def sample_paths(pattern: str) -> tuple[str, ...]:
    """Return paths that PATTERN surely matches, to ask what they get; none where it is too clever to tell."""
    if _LAZY.search(_ESCAPED.sub("", pattern)):
        return ()
    pattern = _ANY_CHARACTER.sub(lambda part: part[0] if part[0] != "." else r"\.", pattern)
    stem = next((pattern.removesuffix(tail) for tail in _SUBTREE if pattern.endswith(tail)), pattern)
    candidates = {_OPTIONAL.sub(r"\g<kept>", stem), _OPTIONAL.sub("", stem)}
    return tuple(
        re.sub(r"\\(.)", r"\1", candidate)
        for candidate in sorted(candidates)
        if not _META.search(_ESCAPED.sub("", candidate)) and not _CLASS.search(candidate)
    )


def shadowed(source: ModuleSource, entry: Filecon, labels: Mapping[str, str]) -> Iterator[Finding]:
    """Yield W-filecon-shadowed for each path of LABELS (path to context) that does not get ENTRY's type."""
    file, line = place(source, entry)
    for path in sample_paths(entry.pattern):
        context = labels.get(path, "")
        got = context.split(":")[2] if context.count(":") >= 2 else context
        if got and entry.type_ and got != entry.type_:
            message = (
                f"{printable(path, 200)} gets {printable(got, 100)}, not {entry.type_}: a more specific entry wins"
            )
            hint = "write the path as the other entry has it, without metacharacters"
            yield Finding(file, line, "W-filecon-shadowed", source.name, message, hint)


# Replaced by the homes of users, genhomedircon(8).
_HOMES = ("HOME_DIR", "HOME_ROOT")


def unreachable(source: ModuleSource, entry: Filecon, aliases: Mapping[str, str]) -> Iterator[Finding]:
    """Yield W-filecon-unreachable where no path can match ENTRY, whatever is looked up.

    ALIASES are folders that are looked up under another name (file_contexts.subs_dist).
    """
    file, line = place(source, entry)
    start = literal_start(entry.pattern)
    why = hint = ""
    alias = max((folder for folder in aliases if f"{start}/".startswith(f"{folder}/")), key=len, default="")
    if start and not start.startswith(("/", *_HOMES)):
        why, hint = "a path is absolute", f"write /{entry.pattern}"
    elif start == entry.pattern and len(start) > 1 and start.endswith("/"):
        why, hint = "no path ends with a slash", f"write {entry.pattern.rstrip('/')}"
    elif alias:
        why = f"{alias} is looked up as {aliases[alias]} (file_contexts.subs_dist)"
        hint = f"write {aliases[alias]}{entry.pattern[len(alias) :]}"
    if why:
        message = f"{printable(entry.pattern, 200)} matches no path: {why}"
        yield Finding(file, line, "W-filecon-unreachable", source.name, message, printable(hint, 200))


def place(source: ModuleSource, entry: Filecon) -> tuple[str, int]:
    """Where ENTRY is written: the .fc if there is one, else the .cil."""
    if source.te and source.fc:
        return source.fc.path, line_of(source.fc.text, entry.pattern)
    if source.cil:
        return source.cil.path, entry.line
    return (source.te.path, 0) if source.te else ("", 0)
