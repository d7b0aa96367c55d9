# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the machine's own apt configuration gets Debian from: the lab has no mirror of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from policytool.errors import MissingToolError

SUITE = "bookworm"
_ROOT = Path("/etc/apt")
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

# deb [options] URI suite component...
_ONE_LINE = re.compile(r"deb\s+(?:\[[^\]]*\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>[^#]+)")
_FIELD = re.compile(r"(?P<name>[A-Za-z-]+):\s*(?P<value>.*)")


@dataclass(frozen=True, slots=True)
class Source:
    """One suite of one archive, with the components wanted of it."""

    uri: str
    suite: str
    components: tuple[str, ...]


def parse_sources(text: str) -> Iterator[Source]:
    """Yield the sources of binary packages in a .sources file (deb822): every URI with every suite of a stanza."""
    for stanza in re.split(r"\n[ \t]*\n", text):
        fields: dict[str, str] = {}
        last = ""
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1] in (" ", "\t") and last:
                fields[last] += f" {line.strip()}"
            elif match := _FIELD.fullmatch(line.rstrip()):
                last = match["name"].lower()
                fields[last] = match["value"]
        disabled = fields.get("enabled", "yes").lower() in ("no", "false", "0", "off")
        if "deb" not in fields.get("types", "").split() or disabled:
            continue
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield Source(uri, suite, tuple(fields.get("components", "").split()))


def parse_list(text: str) -> Iterator[Source]:
    """Yield the sources of binary packages in a .list file, one a line."""
    for line in text.splitlines():
        if match := _ONE_LINE.match(line.strip()):
            yield Source(match["uri"], match["suite"], tuple(match["components"].split()))


def debian_sources(root: Path = _ROOT) -> tuple[Source, ...]:
    """Return the sources of Debian 12 (bookworm, its updates and its security archive) that ROOT names.

    ROOT is an apt configuration, /etc/apt by default. MissingToolError when it names none of the suite itself.
    """
    found: list[Source] = []
    for path in (root / "sources.list", *sorted((root / "sources.list.d").glob("*"))):
        if path.suffix in (".list", ".sources") and path.is_file():
            text = path.read_text("utf-8", "replace")
            found += parse_sources(text) if path.suffix == ".sources" else parse_list(text)
    wanted = {SUITE, f"{SUITE}-updates", f"{SUITE}-security"}
    chosen = tuple(
        dict.fromkeys(source for source in found if source.suite in wanted and "main" in source.components)
    )
    if not any(source.suite == SUITE for source in chosen):
        raise MissingToolError(
            f"the lab is made of Debian 12 packages, and {root} names no archive with {SUITE} main:"
            f" add one (deb URI {SUITE} main)"
        )
    return chosen


def sources_list(sources: tuple[Source, ...]) -> str:
    """Return the sources.list of a root file system: SOURCES with their source packages, component main."""
    lines = (
        f"{kind} [signed-by={_KEYRING}] {source.uri} {source.suite} main"
        for source in sources
        for kind in ("deb", "deb-src")
    )
    return "\n".join(lines) + "\n"
