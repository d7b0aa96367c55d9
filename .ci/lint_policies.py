# SPDX-License-Identifier: GPL-2.0-or-later
"""The community's own checks of policy modules: SELint, and refpolicy's assertions with sechecker.

Usage: lint_policies.py [--no-assertions] DIR...: folders of modules. Exit status 1 when something was found.

SELint is told what the base declares: types, attributes, roles, classes. Debian's headers have interfaces only,
and without the rest SELint would leave out a third of its checks.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from configparser import ConfigParser
from pathlib import Path

from policytool.generate.writers.evidence import FILE_NAME
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRuleType
from policytool.toolchain.base import Base, find_base
from policytool.toolchain.headers import headers_folder
from policytool.toolchain.link import link_or_fail
from policytool.toolchain.run import find_program
from policytool.workflow.module_set import ModuleSet

HERE = Path(__file__).parent
# What SELint says of how it was called, and of files of a monolithic policy, which this is not.
_EXPECTED = (
    "Source mode enabled without recursive flag",
    "Failed to locate modules.conf file",
    "Failed to locate global conditions files",
)


def main(words: list[str]) -> int:
    """Run both checks on the folders in WORDS."""
    folders = [Path(word) for word in words if word != "--no-assertions"]
    base = find_base()
    found = selint(folders, base)
    # What has no evidence is no generated module: the baseline is unconfined on purpose.
    modules = sorted(path.parent for folder in folders for path in folder.rglob(FILE_NAME))
    if "--no-assertions" not in words:
        found += sechecker(modules, base)
    return 1 if found else 0


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


def sechecker(folders: list[Path], base: Base) -> int:
    """Run refpolicy's assertions, with our exemptions; count what the modules break and the base does not."""
    config = ConfigParser(inline_comment_prefixes=("#",))
    config.read(HERE / "sechecker.ini")
    expensive = {name: dict(config[name]) for name in config.sections() if config[name]["check_type"] == "ro_execs"}
    for name in expensive:
        config.remove_section(name)
    before = link_or_fail(base, {}, "the base does not link").policy
    after = ModuleSet(folders, base).linked.policy
    found = set[str]()
    with tempfile.NamedTemporaryFile("w", suffix=".ini") as file:
        config.write(file)
        file.flush()
        found |= assertions(file.name, after) - assertions(file.name, before)
    for section in expensive.values():
        found |= writable_executables(section, after) - writable_executables(section, before)
    print("\n".join([*sorted(found), f"sechecker: {len(config.sections()) + len(expensive)} assertions, "
                     f"{len(found)} findings that the base has not"]))  # fmt: skip
    return len(found)


def assertions(config: str, policy: Path) -> set[str]:
    """Return each rule of POLICY that breaks an assertion, with the assertion's name."""
    done = subprocess.run(
        [find_program("sechecker"), config, str(policy)], capture_output=True, text=True, check=False
    )
    found, name = set(), ""
    for line in done.stdout.splitlines():
        if line.startswith("Check name: "):
            name = line.removeprefix("Check name: ")
        elif line.startswith("    * "):
            found.add(f"{name}: {line[6:]}")
    if "failure(s) found." not in done.stdout or done.stderr:
        sys.exit(f"sechecker broke down: {done.stdout[-500:]}{done.stderr}")
    return found


def writable_executables(section: Mapping[str, str], path: Path) -> set[str]:
    """Return the types that setools' check ro_execs finds. Its loop takes ten minutes, one pass over rules seconds.

    Its unit is the type: one that the base lets others write and run is no finding for one writer more.
    """
    policy = CompiledPolicy(path)

    def exempt(option: str) -> frozenset[str]:
        known = policy.types | policy.attributes.keys()
        names = [name for name in section.get(option, "").split() if name in known]
        return frozenset[str]().union(*(policy.expand(name) for name in names))

    files, writers, runners = (exempt(f"exempt_{what}") for what in ("file", "write_domain", "exec_domain"))
    executed: set[str] = set()
    written: set[str] = set()
    for rule in policy.rules({TeRuleType.ALLOW}, lambda source, target, tclass: tclass == "file"):
        sources, targets = policy.expand(rule.source), policy.expand(rule.target) - files
        if rule.perms & {"execute", "execute_no_trans"} and sources - runners:
            executed |= targets
        if rule.perms & {"write", "append"} and sources - writers:
            written |= targets
    return {f"INTEGRITY-readonly-executables: {type_} is executed and written" for type_ in executed & written}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
