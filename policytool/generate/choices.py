# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person has decided before modules are made: objections that are accepted, booleans, what may be hidden."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field

from policytool.generate.enforced_runs import EnforcedRuns
from policytool.generate.objections import KINDS, known_id
from policytool.model.access import AccessKey
from policytool.model.access_text import access_keys
from policytool.model.cure import Cure
from policytool.model.daemon import Daemon, is_plain_path
from policytool.model.program import Child

ACCEPTED_FILE = "accepted.toml"


class ChoicesError(ValueError):
    """A decision that cannot be read or that names nothing there is."""


@dataclass(frozen=True, slots=True)
class Choices:
    """The decisions that modules are made by; without any they are those of the command line.

    `accepted` holds, by daemon, the ids of objections that are accepted after all, with the reason; those under ""
    hold for every daemon. `transitions` says whether helpers get their own domains, `private_types` whether what is
    one daemon's own gets types of its own, `prefer_booleans` that an access is left to a boolean that would grant
    it. `enforced` is what enforced runs say of accesses, `children` are programs with domains of their own.
    `write` are the cures that are written where they are proposed. `like` is a domain of the same work, whose rules
    speak for what was not seen; None: that of the daemon whose work is done.
    """

    accepted: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    transitions: bool = True
    prefer_booleans: bool = False
    enforced: EnforcedRuns = field(default_factory=EnforcedRuns)
    private_types: bool = True
    children: tuple[Child, ...] = ()
    write: frozenset[Cure] = frozenset()
    like: str | None = None

    def accepted_by(self, daemon: str) -> Mapping[str, str]:
        """Return the ids that are accepted for DAEMON, with the reason."""
        return {**self.accepted.get("", {}), **self.accepted.get(daemon, {})}


@dataclass(frozen=True, slots=True)
class Accepted:
    """What an accepted.toml says, each with its reason: ids that are accepted, accesses that are kept."""

    ids: Mapping[str, str]
    kept: Mapping[AccessKey, str]


def read_accepted(text: str) -> Accepted:
    """Read an accepted.toml; ChoicesError if it is none.

    It has tables `[[accept]]` with `id` and `reason`, and `[[keep]]` with `access` ('SOURCE TARGET:CLASS PERM...')
    and `reason`.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ChoicesError(f"not TOML: {error}") from error
    if unknown := sorted(set(document) - {"accept", "keep"}):
        raise ChoicesError(
            f"unknown key {unknown[0]!r}; [[accept]] with id and reason, [[keep]] with access and reason are all"
        )
    ids = {require_id(id_): reason for id_, reason in _tables(document, "accept", "id").items()}
    kept: dict[AccessKey, str] = {}
    for written, reason in _tables(document, "keep", "access").items():
        try:
            kept.update(dict.fromkeys(access_keys(written), reason))
        except ValueError as error:
            raise ChoicesError(f"[[keep]]: {error}") from error
    return Accepted(ids, kept)


def _tables(document: Mapping[str, object], name: str, key: str) -> dict[str, str]:
    """Return the reason of each KEY in the tables NAME of DOCUMENT."""
    tables = document.get(name, [])
    if not isinstance(tables, list):
        raise ChoicesError(f"{name} must be a list of tables: [[{name}]]")
    found: dict[str, str] = {}
    for number, table in enumerate(tables, 1):
        if not isinstance(table, dict) or set(table) != {key, "reason"}:
            raise ChoicesError(f"[[{name}]] number {number} must have {key} and reason, and nothing else")
        about, reason = table[key], table["reason"]
        if not isinstance(about, str) or not isinstance(reason, str) or not reason.strip():
            raise ChoicesError(
                f"[[{name}]] number {number}: {key} and reason must be texts, and a reason says something"
            )
        if about in found:
            raise ChoicesError(f"{about} is in two tables [[{name}]]")
        found[about] = " ".join(reason.split())
    return found


def require_id(text: str) -> str:
    """Return TEXT if it is the id of an objection; raise ChoicesError if it cannot be one."""
    if not known_id(text):
        kinds = ", ".join(f"{kind}:TYPE" if typed else kind for kind, typed in sorted(KINDS.items()))
        raise ChoicesError(f"{text!r} is not the id of anything that is refused; the ids are {kinds}")
    return text


def child_of(daemon: Daemon, path: str) -> Child:
    """Return the child domain of DAEMON for the program at PATH, named after both.

    ChoicesError if it is no plain path.
    """
    stem = re.sub(r"[^a-z0-9]+", "_", path.rpartition("/")[2].lower()).strip("_")
    if not is_plain_path(path) or not stem:
        raise ChoicesError(f"{path!r} is not the plain absolute path of a program")
    name = f"{daemon.domain.removesuffix('_t')}_{stem}"
    return Child(daemon.domain, path, f"{name}_t", f"{name}_exec_t")
