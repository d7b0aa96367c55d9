# SPDX-License-Identifier: GPL-2.0-or-later
"""The base without its rules: what it declares, labels and forbids. Modules link with it in a sixth of the time.

What makes a link fail because of the rules of a module is all there: names, neverallow rules, constraints, file
contexts. What is missing is said where it is asked for (`policytool check --fast`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from policytool.toolchain.base import Base, Progress, base_cil
from policytool.toolchain.cache import Cache, digest, open_cache

# Changed whenever what is left out changes.
_FORMAT = "1"

# One rule on a line, as pp writes them; whatever is written otherwise stays.
_RULE = re.compile(r"\s*\((?:allow|auditallow|dontaudit) [^()]+\([^()]+\([^()]*\)\)\)\s*")
_REQUIREMENT = re.compile(r"\s*\((?:type|role)attributeset cil_gen_require [^()]+\)\s*")
_OPTIONAL = re.compile(r"\(optional [\w.-]+")
_HIDDEN = re.compile(r'"[^"]*"|;.*')


def is_bounded(texts: Iterable[str]) -> bool:
    """Say whether the CIL TEXTS bound types: what such a type may do depends on the rules of its parent."""
    return any("(typebounds " in text for text in texts)


def base_outline(base: Base, *, progress: Progress | None = None, cache: Cache | None = None) -> tuple[Path, ...]:
    """Return the modules of BASE without their rules, as files NAME.cil, sorted; errors as in `base_cil`.

    A base that bounds types keeps its rules.
    """
    cache = cache or open_cache()
    files = base_cil(base, progress=progress, cache=cache)
    key = digest("outline", _FORMAT, str(files[0].parent.name))
    folder = cache.fill("outline", key, partial(_write, files))
    return tuple(sorted(folder.glob("*.cil")))


def _write(files: tuple[Path, ...], folder: Path) -> None:
    texts = {file.name: file.read_text("utf-8", "surrogateescape") for file in files}
    bounded = is_bounded(texts.values())
    for name, text in texts.items():
        (folder / name).write_text(text if bounded else outline(text), "utf-8", "surrogateescape")


def outline(text: str) -> str:
    """Return the CIL TEXT of a module without allow, auditallow and dontaudit rules, and without boolean blocks.

    What the module requires goes as well, since the base is known to link, and so does an optional block in which
    nothing is left.
    """
    return "\n".join(line for lines in _statements(text) for line in _kept(lines)) + "\n"


def _statements(text: str) -> Iterator[list[str]]:
    """Yield the lines of each statement of the top level, or of several that share a line."""
    lines: list[str] = []
    depth = 0
    for line in text.splitlines():
        bare = _HIDDEN.sub("", line) if '"' in line or ";" in line else line
        depth += bare.count("(") - bare.count(")")
        lines.append(line)
        if depth <= 0:
            yield lines
            lines = []
    yield lines


def _kept(lines: list[str], *, required: bool = False) -> list[str]:
    """Return what stays of a statement; with REQUIRED also a requirement, which can switch a block off."""
    first = lines[0].strip() if lines else ""
    if len(lines) == 1:
        gone = _RULE.fullmatch(first) or (not required and _REQUIREMENT.fullmatch(first))
        return [] if gone else lines
    # A block that ends on a line of its own holds no other statement.
    if not lines or lines[-1].strip() != ")":
        return lines
    if first.startswith("(booleanif "):
        return []
    if not _OPTIONAL.fullmatch(first):
        return lines
    head, *inner, end = lines
    held = [line for part in _statements("\n".join(inner)) for line in _kept(part, required=True)]
    says = any(line.strip() and not _REQUIREMENT.fullmatch(line) for line in held)
    return [head, *held, end] if says else []
