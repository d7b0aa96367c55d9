# SPDX-License-Identifier: GPL-2.0-or-later
"""Assertion files put to linked modules: what breaks them, who is exempt, and which exemptions are over."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from policytool.check.findings import Finding, sorted_findings
from policytool.errors import InputError
from policytool.gate.assertions import AssertionFile, Exemption, read_assertions
from policytool.gate.broken import Asserted, Broken, broken
from policytool.gate.growth import Growth
from policytool.gate.origin import Origins
from policytool.gate.same_forms import same_forms
from policytool.gate.sechecker import Check, read_sechecker, run_check
from policytool.model.printable import printable
from policytool.toolchain.link import Linked
from policytool.workflow.linked_policy import linked_policy
from policytool.workflow.module_set import ModuleSet

_LONGEST = 500


@dataclass(frozen=True, slots=True)
class AssertionFiles:
    """Files of assertions as they were read: our own, and sechecker's with their paths."""

    own: tuple[AssertionFile, ...]
    sechecker: tuple[tuple[str, tuple[Check, ...]], ...]

    def __bool__(self) -> bool:
        """Whether there is any file."""
        return bool(self.own or self.sechecker)

    @property
    def against(self) -> str:
        """The revision or folder that the first file which names one wants no growth since."""
        return next((file.against for file in self.own if file.against), "")


def read_files(paths: Sequence[Path]) -> AssertionFiles:
    """Read the files at PATHS: sechecker's where the name ends in .ini, else ours. InputError: see the readers."""
    own, sechecker = [], []
    for path in paths:
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: {error}") from error
        if path.suffix == ".ini":
            sechecker.append((str(path), read_sechecker(str(path), text)))
        else:
            own.append(read_assertions(str(path), text))
    return AssertionFiles(tuple(own), tuple(sechecker))


def assertion_findings(modules: ModuleSet, files: AssertionFiles, today: datetime.date) -> tuple[Finding, ...]:
    """Return what breaks the assertions of FILES, in each form of MODULES that says something else. They link.

    What is exempt is a finding that does not count. An exemption is over on the day after its last one. What fails
    a check of sechecker in the base alone is not the modules' and is left out.
    """
    exempt = _Exemptions(files, today)
    of_base = _of_base(files, modules) if files.sechecker else frozenset()
    found: list[Finding] = []
    builds = modules.built.formats
    texts = [{module.source.name: module.cil for module in build.modules} for build in builds]
    for build, text in zip(builds, texts, strict=True):
        if build is not builds[0] and same_forms(texts[0], text):
            continue
        if not isinstance(build.result, Linked):
            continue
        policy = modules.policy if build.result == modules.linked else linked_policy(build.result)
        origins = Origins(build.modules, (), policy)
        asked = Asserted(policy, modules.domains, modules.owners)
        for path, line, wrong in _every(files, asked, of_base):
            told = _finding(wrong.allowed, origins, path, line, exempt.reason(wrong))
            if not any((told.id, told.message) == (other.id, other.message) for other in found):
                found.append(told)
    return sorted_findings([*found, *exempt.findings()])


def _of_base(files: AssertionFiles, modules: ModuleSet) -> frozenset[tuple[str, str]]:
    return frozenset(
        (wrong.allowed.id, wrong.allowed.message)
        for _, checks in files.sechecker
        for check in checks
        for wrong in run_check(check, modules.plain)
    )


def _every(
    files: AssertionFiles, asked: Asserted, of_base: Collection[tuple[str, str]]
) -> Iterator[tuple[str, int, Broken]]:
    for file in files.own:
        lines = {assertion.id: assertion.line for assertion in file.assertions}
        for wrong in broken(file.assertions, asked):
            yield file.path, lines[wrong.assertion], wrong
    for path, checks in files.sechecker:
        for check in checks:
            for wrong in run_check(check, asked.policy):
                if (wrong.allowed.id, wrong.allowed.message) not in of_base:
                    yield path, check.line, wrong


def _finding(allowed: Growth, origins: Origins, path: str, line: int, reason: str) -> Finding:
    origin = origins.origin(allowed)
    where = (path, line) if origin is None else (origin.file, origin.line)
    return Finding(
        file=where[0],
        line=where[1],
        id=allowed.id,
        module=origin.module if origin else "",
        message=printable(allowed.message, _LONGEST),
        hint="" if origin is None else f"asserted at {printable(path)}:{line}",
        call=printable(origin.call, _LONGEST) if origin else "",
        disabled=reason,
    )


class _Exemptions:
    """The exemptions of all files, which hold on one day; it remembers which of them were asked for."""

    def __init__(self, files: AssertionFiles, today: datetime.date) -> None:
        self._today = today
        self._every = [(file.path, exemption) for file in files.own for exemption in file.exemptions]
        self._asserted: Mapping[str, bool] = {
            **{assertion.id: True for file in files.own for assertion in file.assertions},
            **{check.name: True for _, checks in files.sechecker for check in checks},
        }
        self._used: set[Exemption] = set()

    def reason(self, wrong: Broken) -> str:
        """Return the reason why WRONG is exempt, "" where it is not."""
        allowed = wrong.allowed
        for _, exemption in self._every:
            asked = (wrong.assertion, allowed.source, allowed.target, allowed.tclass, allowed.perms)
            if exemption.covers(*asked):
                self._used.add(exemption)
                if not self._over(exemption):
                    return printable(exemption.reason, _LONGEST)
        return ""

    def _over(self, exemption: Exemption) -> bool:
        return exemption.until is not None and exemption.until < self._today

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong with exemptions: those that are over, and those that nothing needs."""
        for path, exemption in self._every:
            what = printable(f"{exemption.assertion} {exemption.source}".strip(), _LONGEST)
            if self._over(exemption) and exemption in self._used:
                said = f"the exemption from {what} was over after {exemption.until}"
                yield Finding(path, exemption.line, "A-expired", "", said, "decide again: a later date, or no rule")
            elif exemption.assertion in self._asserted and exemption not in self._used:
                said = f"nothing needs the exemption from {what}"
                yield Finding(path, exemption.line, "W-exempt-unused", "", said, "remove it")
