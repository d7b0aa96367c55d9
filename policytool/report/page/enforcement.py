# SPDX-License-Identifier: GPL-2.0-or-later
"""What the document of `lab verify` says: every scenario of every daemon, enforced."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256


class EnforcementError(ValueError):
    """A text that is not the document of `lab verify`."""


@dataclass(frozen=True, slots=True)
class EnforcedBoot:
    """One boot of the machine: scenarios of NAME, steps that were OK, and what was not."""

    name: str
    ok: int
    failed: int
    denials: int
    refused: int
    lost: int
    seconds: float


@dataclass(frozen=True, slots=True)
class EnforcedRun:
    """The whole proof: of so many STEPS, FAILED did not pass, on KERNEL.

    `evidence` has the sha256 of the evidence.json that each module had then, by the folder's name.
    """

    kernel: str
    steps: int
    failed: int
    denials: int
    boots: tuple[EnforcedBoot, ...]
    evidence: Mapping[str, str]

    def unchanged(self, files: Mapping[str, bytes]) -> int:
        """Return how many of FILES, the evidence.json of each folder now, are what was enforced."""
        return sum(self.evidence.get(name) == sha256(data).hexdigest() for name, data in files.items())


def read_enforcement(text: str) -> EnforcedRun:
    """Read the document of `lab verify`; raise EnforcementError when TEXT is not one."""
    try:
        document = json.loads(text)
        boots = tuple(
            EnforcedBoot(
                str(name),
                int(boot["ok"]),
                len(boot["failed"]),
                len(boot["denials"]),
                len(boot["refused"]),
                int(boot["lost"]),
                float(boot["seconds"]),
            )
            for name, boot in sorted(document["batches"].items())
        )
        evidence = {
            name.removeprefix("evidence "): str(digest)
            for name, digest in document["hashes"].items()
            if name.startswith("evidence ")
        }
        steps, failed, denials = (int(document[key]) for key in ("steps", "failed", "denials"))
        return EnforcedRun(str(document["kernel"]), steps, failed, denials, boots, evidence)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise EnforcementError(f"not what lab verify writes: {error}") from error
