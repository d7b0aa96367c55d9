# SPDX-License-Identifier: GPL-2.0-or-later
"""systemd-analyze: the sets of system calls that this systemd knows, and its rating of a unit."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from policytool.errors import ToolFailedError
from policytool.toolchain.run import run

_PROGRAM = "systemd-analyze"
_OVERALL = re.compile(r"Overall exposure level for .*: (\d+\.\d+) ([A-Z]+)")


@dataclass(frozen=True, slots=True)
class Rating:
    """What `systemd-analyze security` says of a unit, from 0.0 (best) to 10.0; EXPOSURES are those by setting."""

    exposure: float
    word: str
    exposures: Mapping[str, float]


def syscall_filter_text() -> str:
    """Return what `systemd-analyze syscall-filter` prints; errors as `run`."""
    return run([_PROGRAM, "--no-pager", "syscall-filter"]).text


def rate(name: str, unit: bytes, drop_in: str | None = None) -> Rating:
    """Rate the service NAME whose file holds UNIT, with DROP_IN beside it, without a running systemd.

    The overall exposure is systemd's own figure, which its JSON does not have; so it is asked in both forms.
    """
    with tempfile.TemporaryDirectory(prefix="policytool-units-") as folder:
        path = Path(folder) / name
        path.write_bytes(unit)
        if drop_in is not None:
            beside = Path(folder) / f"{name}.d"
            beside.mkdir()
            (beside / "policytool.conf").write_text(drop_in, encoding="utf-8")
        argv = [_PROGRAM, "--no-pager", "security", "--offline=yes"]
        overall = _OVERALL.search(run([*argv, str(path)]).text)
        if overall is None:
            raise ToolFailedError(f"{_PROGRAM} security gave no overall exposure of {name}")
        rows = json.loads(run([*argv, "--json=short", str(path)]).stdout)
    return Rating(
        float(overall[1]), overall[2], {row["name"]: float(row["exposure"]) for row in rows if row["exposure"]}
    )
