# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine that a verb of `lab` was asked for, its image and its scenarios."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from policytool.cli.console import note
from policytool.cli.verbs import VerbOption
from policytool.lab.machine_kind import PLAIN, MachineKind

if TYPE_CHECKING:
    from policytool.lab.image import Image

Scenarios = Annotated[
    list[str] | None,
    VerbOption("--scenario", metavar="NAME", help="A scenario, or a daemon for all of its; repeatable."),
]


def asked_kind() -> MachineKind:
    """Return the kind of machine that was asked for before the verb."""
    return click.get_current_context().find_object(MachineKind) or PLAIN


def asked_image() -> Image:
    """Return the image of the kind of machine that was asked for, built if it is not there."""
    from policytool.lab.image import build_image

    return build_image(note, kind=asked_kind())


def asked_payload(scenarios: Sequence[str] | None, workload: Path | None = None) -> dict[str, Path]:
    """Return the scenarios of that machine, those named or all, with the files that they read."""
    from policytool.lab.scenario import choose

    return choose(scenarios or (), workload, asked_kind().scenarios)
