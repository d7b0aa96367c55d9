# SPDX-License-Identifier: GPL-2.0-or-later
"""manifest.json of a trace bundle: what was recorded, where, how, and by which evidence files.

Unknown is null. The reader is strict: a key that is missing, unknown or of the wrong type is an InputError that
names the file and the key. The writer is deterministic: equal manifests are equal bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from policytool import __version__
from policytool.errors import InputError

FORMAT = 1
TOOL = f"policytool {__version__}"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Recording(StrEnum):
    """How a trace was recorded. Only the first mode shows everything.

    COMPLETE: permissive domains, every decision audited (granted ones too), dontaudit rules off.
    STRACE: system calls only, and no access decision at all.
    """

    COMPLETE = "complete"
    PERMISSIVE = "permissive"
    PERMISSIVE_NO_DONTAUDIT = "permissive-no-dontaudit"
    ENFORCING = "enforcing"
    STRACE = "strace"


@dataclass(frozen=True, slots=True)
class RecordedBase:
    """The base policy of the recorded machine: its package, package version and sha256 (of the policy file)."""

    name: str | None = None
    version: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class Reduced:
    """How a log was reduced: KEPT of its records are in the file, and `counts` is the table beside it.

    `sha256` and `size` are the table's; `whole` is the sha256 of the evidence file that was reduced.
    """

    counts: str
    sha256: str
    size: int
    kept: int
    whole: str


@dataclass(frozen=True, slots=True, order=True)
class EvidenceFile:
    """One raw log of the bundle. `file` is its name in the folder; `size` is in bytes, as stored.

    `trace` names the recording that it belongs to; `recording`, `records` and `lost` are of this file alone.
    `records` are those of the recording, also where the file was `reduced` and holds fewer.
    """

    file: str
    sha256: str
    size: int
    trace: str
    records: int
    recording: Recording | None = None
    lost: int | None = None
    reduced: Reduced | None = None

    @property
    def origin(self) -> str:
        """The sha256 of the file as it was recorded: of the same evidence, whether it was reduced or not."""
        return self.reduced.whole if self.reduced else self.sha256

    @property
    def complete(self) -> bool:
        """Whether the file shows everything: recorded in complete mode, and known to have lost nothing."""
        return self.recording is Recording.COMPLETE and self.lost == 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What a bundle's maker says about the recorded machine. None is unknown, everywhere.

    `selinux` is the mode of the machine (permissive, enforcing); `daemons` pairs names with versions; `lost`
    counts the records that the kernel or auditd dropped.
    """

    kernel: str | None = None
    base: RecordedBase = RecordedBase()
    selinux: str | None = None
    recording: Recording | None = None
    daemons: tuple[tuple[str, str | None], ...] = ()
    scenario: str | None = None
    lost: int | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """A bundle's manifest. `begin` and `end` are milliseconds since the epoch; `hosts` pairs nodes with records.

    A node of "" is a host that its records do not name. `redacted` counts the lines that a redaction left out
    because nobody understood them; None for evidence as it was recorded.
    """

    name: str
    facts: Facts
    records: int
    evidence: tuple[EvidenceFile, ...]
    begin: int | None = None
    end: int | None = None
    hosts: tuple[tuple[str, int], ...] = ()
    tool: str = TOOL
    redacted: int | None = None

    @property
    def kept(self) -> int | None:
        """How many records a reduction has kept; None if nothing was reduced."""
        if not any(file.reduced for file in self.evidence):
            return None
        return sum(file.reduced.kept if file.reduced else file.records for file in self.evidence)

    @property
    def complete(self) -> bool:
        """Whether every part of the bundle was recorded in complete mode without a loss."""
        return bool(self.evidence) and all(file.complete for file in self.evidence)

    def to_json(self) -> str:
        """Return the text of manifest.json."""
        facts = self.facts
        data: dict[str, object] = {
            "format": FORMAT,
            "name": self.name,
            "tool": self.tool,
            "kernel": facts.kernel,
            "base": {"name": facts.base.name, "version": facts.base.version, "sha256": facts.base.sha256},
            "selinux": facts.selinux,
            "recording": facts.recording,
            "daemons": dict(facts.daemons),
            "scenario": facts.scenario,
            "begin": _time_text(self.begin),
            "end": _time_text(self.end),
            "records": self.records,
            "lost": facts.lost,
            "hosts": dict(self.hosts),
            "evidence": [_evidence_data(file) for file in self.evidence],
        }
        if self.redacted is not None:
            data["redacted"] = self.redacted
        return json.dumps(data, indent=2, sort_keys=True) + "\n"


def _evidence_data(evidence: EvidenceFile) -> dict[str, object]:
    data: dict[str, object] = {
        "file": evidence.file,
        "sha256": evidence.sha256,
        "size": evidence.size,
        "trace": evidence.trace,
        "records": evidence.records,
        "recording": evidence.recording,
        "lost": evidence.lost,
    }
    if evidence.reduced is not None:
        reduced = evidence.reduced
        data["reduced"] = {
            "counts": reduced.counts,
            "sha256": reduced.sha256,
            "size": reduced.size,
            "kept": reduced.kept,
            "whole": reduced.whole,
        }
    return data


def parse_manifest(text: str, origin: str) -> Manifest:
    """Read manifest.json; ORIGIN is its name for messages. InputError: it is not one of this format."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{origin}: not JSON ({error}); is this the folder of a trace bundle?") from error
    top = _Keys(origin, "", data)
    version = top.integer("format")
    if version != FORMAT:
        raise InputError(f"{origin}: format {version} is not known, only {FORMAT}; a newer policytool made it")
    base = top.keys("base")
    manifest = Manifest(
        name=top.text("name"),
        tool=top.text("tool"),
        facts=Facts(
            kernel=top.optional_text("kernel"),
            base=RecordedBase(
                base.optional_text("name"), base.optional_text("version"), base.optional_text("sha256")
            ),
            selinux=top.optional_text("selinux"),
            recording=top.recording("recording"),
            daemons=tuple(
                (name, top.keys("daemons").optional_text(name)) for name in sorted(top.keys("daemons").data)
            ),
            scenario=top.optional_text("scenario"),
            lost=top.optional_integer("lost"),
        ),
        begin=top.time("begin"),
        end=top.time("end"),
        records=top.integer("records"),
        hosts=tuple((name, top.keys("hosts").integer(name)) for name in sorted(top.keys("hosts").data)),
        evidence=tuple(sorted(_evidence(keys) for keys in top.many("evidence"))),
        redacted=top.integer("redacted") if "redacted" in top.data else None,
    )
    top.finish()
    base.finish()
    files = [evidence.file for evidence in manifest.evidence]
    files += [evidence.reduced.counts for evidence in manifest.evidence if evidence.reduced]
    if len(set(files)) < len(files):
        raise InputError(f"{origin}: evidence: a file is listed twice")
    return manifest


def _evidence(keys: _Keys) -> EvidenceFile:
    evidence = EvidenceFile(
        file=keys.file("file"),
        sha256=keys.sha256("sha256"),
        size=keys.integer("size"),
        trace=keys.text("trace"),
        records=keys.integer("records"),
        recording=keys.recording("recording"),
        lost=keys.optional_integer("lost"),
        reduced=_reduced(keys.keys("reduced")) if "reduced" in keys.data else None,
    )
    keys.finish()
    return evidence


def _reduced(keys: _Keys) -> Reduced:
    reduced = Reduced(
        counts=keys.file("counts"),
        sha256=keys.sha256("sha256"),
        size=keys.integer("size"),
        kept=keys.integer("kept"),
        whole=keys.sha256("whole"),
    )
    keys.finish()
    return reduced


class _Keys:
    """Typed access to the keys of one JSON object, which remembers which of them were asked for."""

    def __init__(self, origin: str, where: str, data: object) -> None:
        self._origin, self._where = origin, where
        if not isinstance(data, dict):
            raise InputError(f"{origin}: {where or 'the whole'} must be an object")
        self.data: Mapping[str, object] = data
        self._asked: set[str] = set()

    def wrong(self, key: str, what: str) -> InputError:
        return InputError(f"{self._origin}: {self._path(key)} {what}")

    def finish(self) -> None:
        for key in sorted(set(self.data) - self._asked):
            raise self.wrong(key, "is not a key of this format")

    def text(self, key: str) -> str:
        value = self._get(key)
        if not isinstance(value, str):
            raise self.wrong(key, "must be a string")
        return value

    def file(self, key: str) -> str:
        # A plain name: what leaves the folder, or hides in it, is refused.
        if not _FILE.fullmatch(name := self.text(key)):
            raise self.wrong(key, "must be a plain file name inside the folder")
        return name

    def sha256(self, key: str) -> str:
        if not _SHA256.fullmatch(text := self.text(key)):
            raise self.wrong(key, "must be 64 lower-case hexadecimal digits")
        return text

    def optional_text(self, key: str) -> str | None:
        return None if self._get(key) is None else self.text(key)

    def integer(self, key: str) -> int:
        value = self._get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.wrong(key, "must be a whole number, not negative")
        return value

    def optional_integer(self, key: str) -> int | None:
        return None if self._get(key) is None else self.integer(key)

    def recording(self, key: str) -> Recording | None:
        value = self.optional_text(key)
        if value is not None and value not in set(Recording):
            raise self.wrong(key, f"must be null or one of {', '.join(Recording)}")
        return None if value is None else Recording(value)

    def time(self, key: str) -> int | None:
        value = self.optional_text(key)
        if value is None:
            return None
        try:
            if not _TIME.fullmatch(value):
                raise ValueError(value)
            moment = datetime.fromisoformat(value)
        except ValueError as error:
            raise self.wrong(key, "must be null or a time like 2026-01-31T12:00:00.000Z") from error
        return (moment - _EPOCH) // timedelta(milliseconds=1)

    def keys(self, key: str) -> _Keys:
        return _Keys(self._origin, self._path(key), self._get(key))

    def many(self, key: str) -> Sequence[_Keys]:
        value = self._get(key)
        if not isinstance(value, list):
            raise self.wrong(key, "must be a list")
        return [_Keys(self._origin, f"{self._path(key)}[{index}]", item) for index, item in enumerate(value)]

    def _get(self, key: str) -> object:
        self._asked.add(key)
        if key not in self.data:
            raise self.wrong(key, "is missing")
        return self.data[key]

    def _path(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key


def _time_text(milliseconds: int | None) -> str | None:
    if milliseconds is None:
        return None
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
