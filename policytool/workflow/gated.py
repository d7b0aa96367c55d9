# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole gate over some modules: compile, link, assert, and compare with what was there before."""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Sequence
from pathlib import Path

from policytool.check.disabled import read_disabled, with_disabled
from policytool.check.findings import Finding, sorted_findings
from policytool.toolchain.revision import folders_of
from policytool.workflow.asserted import assertion_findings, read_files
from policytool.workflow.growth_findings import growth_findings
from policytool.workflow.module_set import ModuleSet


def gated(
    modules: ModuleSet, against: str = "", assertions: Sequence[Path] = (), today: datetime.date | None = None
) -> tuple[Finding, ...]:
    """Return every finding about MODULES; with AGAINST also what they allow more than the modules there.

    ASSERTIONS are files; the first that says what to compare with counts where AGAINST does not. TODAY decides
    which exemptions hold.

    AGAINST is a folder of modules, or a revision of the git repository that the modules stand in; what is not there
    is compared with the base. Growth and assertions need modules that link: without that only what keeps them from
    it is told.
    InputError: AGAINST is neither, or what is there does not link.
    """
    files = read_files(assertions)
    against = against or files.against
    found = list(modules.built.findings)
    if not modules.built.every_form_links:
        return sorted_findings(found)
    disabled = read_disabled(modules.built.sources)
    if files:
        found += with_disabled(assertion_findings(modules, files, today or datetime.date.today()), disabled)
    if against:
        with tempfile.TemporaryDirectory(prefix="policytool-") as name:
            folders = _folders(against, modules.folders, Path(name))
            before = ModuleSet(folders, modules.base) if folders else None
            found += growth_findings(before, modules)
    return sorted_findings(found)


def _folders(against: str, folders: Sequence[Path], into: Path) -> tuple[Path, ...]:
    if Path(against).exists():
        return (Path(against),)
    return folders_of(against, folders, into)
