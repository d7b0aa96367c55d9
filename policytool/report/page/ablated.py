# SPDX-License-Identifier: GPL-2.0-or-later
"""What the document of `lab ablate` says: permissions that enforced runs did without, or could not."""

from __future__ import annotations

import json
from dataclasses import dataclass

from policytool.model.access import AccessKey


class AblatedError(ValueError):
    """A text that is not the document of `lab ablate`."""


@dataclass(frozen=True, slots=True)
class AblatedPermission:
    """A permission that was taken away. `verdict` is needed, spare or open; `step` is the one that needs it."""

    key: AccessKey
    verdict: str
    step: str


def read_ablated(text: str) -> tuple[AblatedPermission, ...]:
    """Read the document of `lab ablate`; raise AblatedError when TEXT is not one."""
    try:
        found = [
            AblatedPermission(
                (str(row["source"]), str(row["target"]), str(row["tclass"]), str(row["perm"])),
                str(row["verdict"]),
                " ".join(str(word) for word in row["step"]),
            )
            for row in json.loads(text)["permissions"]
        ]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise AblatedError(f"not what lab ablate writes: {error}") from error
    return tuple(sorted(found, key=lambda permission: permission.key))
