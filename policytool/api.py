# SPDX-License-Identifier: GPL-2.0-or-later
"""policytool as a library: what the verbs of the command line do, with the same defaults.

This file is all that is public. What its functions return are frozen values; docs/api.md shows them at work. Every
function raises subclasses of PolicytoolError, whose message says what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from policytool.check.findings import Finding, Severity
from policytool.daemons import load_daemons
from policytool.daemons.named import require_domain
from policytool.errors import InputError, MissingToolError, PolicytoolError, ToolFailedError, UsageError
from policytool.generate.candidate import Candidate
from policytool.generate.choices import Choices
from policytool.generate.triage import Cure, Triaged
from policytool.graph.permission_graph import PermissionGraph
from policytool.graph.permission_graph import build as build_graph
from policytool.model.access import AccessVector
from policytool.model.observation import Observations
from policytool.model.profile import ModuleFormat, Profile
from policytool.policy.verdicts import Verdict
from policytool.toolchain.base import find_base
from policytool.traces.bundle.bundle import read_trace
from policytool.workflow.compare import UNCONFINED, Comparison, compare_policies
from policytool.workflow.gated import gated
from policytool.workflow.generate import generate_modules
from policytool.workflow.module_set import ModuleSet
from policytool.workflow.replay import ModuleReplay, replay_modules

__all__ = [
    "AccessVector",
    "Candidate",
    "Choices",
    "Comparison",
    "Cure",
    "Finding",
    "InputError",
    "MissingToolError",
    "ModuleFormat",
    "ModuleReplay",
    "Observations",
    "PermissionGraph",
    "PolicytoolError",
    "Profile",
    "Severity",
    "ToolFailedError",
    "Triaged",
    "UsageError",
    "Verdict",
    "check",
    "compare",
    "generate",
    "graph",
    "read",
    "replay",
    "write",
]


def read(*traces: str | Path) -> Observations:
    """Return what was observed in TRACES: bundles, or logs in any format, compressed or not.

    `vectors` are the distinct accesses; `unread_total` counts lines that were not understood, `unread` places them.
    """
    return Observations().merge(*(read_trace(str(trace)) for trace in traces))


def graph(observations: Observations, *daemons: str) -> PermissionGraph:
    """Return who was seen doing what to what, or of that what is about DAEMONS (names, or domain types)."""
    known = load_daemons()
    whole = build_graph(observations)
    return whole.around([require_domain(name, known) for name in daemons]) if daemons else whole


def generate(
    observations: Observations,
    *daemons: str,
    base: Path | None = None,
    choices: Choices | None = None,
    profile: Profile | None = None,
) -> tuple[Candidate, ...]:
    """Make the modules of DAEMONS (names, or domain types), or of every known daemon that was seen.

    BASE is a folder of the base's modules, None the distribution's. CHOICES are what a person decided. PROFILE None
    is that of `policytool generate`.
    """
    known = load_daemons()
    wanted = [require_domain(name, known) for name in daemons]
    return generate_modules(observations, known, wanted, find_base(base), choices or Choices(), profile=profile)


def write(candidates: Iterable[Candidate], folder: Path, language: ModuleFormat = ModuleFormat.REFPOLICY) -> None:
    """Write each of CANDIDATES into FOLDER/DAEMON, in LANGUAGE, with its evidence. InputError: it cannot be."""
    for candidate in candidates:
        place = folder / candidate.daemon.name
        try:
            place.mkdir(parents=True, exist_ok=True)
            for name, text in candidate.files(language).items():
                (place / name).write_text(text, encoding="utf-8", errors="surrogateescape")
        except OSError as error:
            raise InputError(f"cannot write {place}: {error.strerror}") from error


def check(
    *folders: Path, against: str = "", assertions: Sequence[Path] = (), base: Path | None = None
) -> tuple[Finding, ...]:
    """Compile the modules in FOLDERS, link them with the whole base, and return what is wrong, by place.

    AGAINST is a folder or a revision of git: what the modules allow more than those there is wrong as well. So is
    what breaks ASSERTIONS, files. A finding that `fails` is neither a warning nor disabled.
    """
    return gated(ModuleSet(folders, find_base(base)), against, assertions)


def replay(
    observations: Observations, folders: Sequence[Path], *daemons: str, base: Path | None = None
) -> ModuleReplay:
    """Ask libsepol for each observed access of the modules in FOLDERS, or of DAEMONS, whether they allow it.

    `outcome.counts` has the verdicts, `outcome.of(Verdict.DENIED)` what would be denied, with the cause.
    """
    known = load_daemons()
    domains = [require_domain(name, known) for name in daemons]
    return replay_modules(observations, known, ModuleSet(folders, find_base(base)), domains)


def compare(*policies: Path, baseline: str = UNCONFINED, base: Path | None = None) -> Comparison:
    """Set POLICIES (folders of modules) side by side with BASELINE: how many triples each domain holds.

    BASELINE is `unconfined`, `virtd_t` of the base, or a policy whose virtd_t is taken.
    """
    return compare_policies(policies, find_base(base), baseline)
