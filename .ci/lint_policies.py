# SPDX-License-Identifier: GPL-2.0-or-later
"""SELint over policy modules.

Usage: lint_policies.py DIR...: folders of modules. Exit status 1 when something was found.

SELint is told what the base declares: types, attributes, roles, classes. Debian's headers have interfaces only,
and without the rest SELint would leave out a third of its checks.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from policytool.policy.compiled import CompiledPolicy
from policytool.toolchain.base import Base, find_base
from policytool.toolchain.headers import headers_folder
from policytool.toolchain.link import link_or_fail
from policytool.toolchain.run import find_program

HERE = Path(__file__).parent
# What SELint says of how it was called, and of files of a monolithic policy, which this is not.
_EXPECTED = (
    "Source mode enabled without recursive flag",
    "Failed to locate modules.conf file",
    "Failed to locate global conditions files",
)


def main(words: list[str]) -> int:
    """Run SELint on the folders in WORDS."""
    return 1 if selint([Path(word) for word in words], find_base()) else 0


def selint(folders: list[Path], base: Base) -> int:
    """Run SELint over every .te, .if and .fc in FOLDERS; print and count what it says."""
    with tempfile.TemporaryDirectory(prefix="policytool-") as name:
        context = Path(name)
        shutil.copytree(headers_folder(), context / "headers")
        write_declarations(CompiledPolicy(link_or_fail(base, {}, "the base does not link").policy), context)
        files = sorted(
            path for folder in folders for path in folder.rglob("*") if path.suffix in (".te", ".if", ".fc")
        )
        command = [find_program("selint"), "-c", str(HERE / "selint.conf"), "--full-path", "--color=off", "-F"]
        done = subprocess.run(
            [*command, f"--context={context}", *map(str, files)], capture_output=True, text=True, check=False
        )
    said = [
        line for line in (done.stdout + done.stderr).splitlines() if not any(known in line for known in _EXPECTED)
    ]
    print("\n".join([*said, f"selint: {len(files)} files, {len(said)} lines of findings"]))
    return len(said) or done.returncode


def write_declarations(policy: CompiledPolicy, folder: Path) -> None:
    """Write into FOLDER what POLICY declares: a module with its names, and its access vectors."""
    lines = ["policy_module(base_declarations, 1.0.0)", ""]
    lines += [f"attribute {attribute};" for attribute in sorted(policy.attributes)]
    lines += [f"type {type_};" for type_ in sorted(policy.types | policy.aliases.keys())]
    lines += [f"role {role};" for role in sorted(policy.roles)]
    (folder / "base_declarations.te").write_text("\n".join(lines) + "\n")
    vectors = []
    for tclass, perms in sorted(policy.classes.items()):
        vectors += [f"class {tclass}", "{", *(f"\t{perm}" for perm in sorted(perms)), "}", ""]
    (folder / "access_vectors").write_text("\n".join(vectors))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
