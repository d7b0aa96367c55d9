# SPDX-License-Identifier: GPL-2.0-or-later
"""Modules in folders, linked with the base without a flaw, and the evidence beside them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from policytool.check.file_contexts import filecons
from policytool.check.findings import ModuleSource, Severity
from policytool.check.link_findings import declared_names
from policytool.errors import InputError, UsageError
from policytool.generate.writers.cil import FILE_KINDS
from policytool.generate.writers.evidence import FILE_NAME, EvidenceError, ModuleEvidence, read_evidence
from policytool.model.context import SecurityContext
from policytool.model.daemon import Daemon
from policytool.model.module import FileContext
from policytool.model.observation import Observations
from policytool.policy.compiled import CompiledPolicy
from policytool.toolchain.base import Base
from policytool.toolchain.build import Build, build
from policytool.toolchain.labels import FileContextLabels
from policytool.toolchain.link import Linked, link_or_fail
from policytool.workflow.linked_policy import linked_policy
from policytool.workflow.mapping import UnderModules, under_modules


class ModuleSet:
    """The modules in FOLDERS, linked with BASE. Each thing about them is made when it is first asked for, and kept.

    NEVERALLOW: a rule that a neverallow rule of the base forbids is an error. POLICY_VERSION is the compiled
    policy's, None for the newest. What needs the linked policy raises InputError when a module has an error.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        base: Base,
        *,
        neverallow: bool = True,
        policy_version: int | None = None,
    ) -> None:
        self.folders = tuple(folders)
        self.base = base
        self._neverallow = neverallow
        self._policy_version = policy_version
        self._under: dict[frozenset[str], tuple[Observations, UnderModules]] = {}

    @cached_property
    def built(self) -> Build:
        """The modules compiled and linked, with every finding: also what has errors."""
        return build(self.folders, self.base, neverallow=self._neverallow, policy_version=self._policy_version)

    @cached_property
    def linked(self) -> Linked:
        """The compiled policy and its file contexts."""
        first = next((finding for finding in self.built.findings if finding.severity is Severity.ERROR), None)
        linked = self.built.linked
        if first or linked is None:
            place = f"{first.file}:{first.line}: {first.message}" if first else ", ".join(map(str, self.folders))
            raise InputError(f"{place}; policytool check says more")
        return linked

    @cached_property
    def policy(self) -> CompiledPolicy:
        """The base with the modules."""
        return linked_policy(self.linked)

    @cached_property
    def base_linked(self) -> Linked:
        """The base alone, linked."""
        return link_or_fail(self.base, {}, f"{self.base.path} does not link")

    @cached_property
    def plain(self) -> CompiledPolicy:
        """The base alone."""
        return linked_policy(self.base_linked)

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """The CIL of each module by its name, in the first format that was linked."""
        return {module.source.name: module.cil for module in self.built.formats[0].modules}

    @cached_property
    def evidence(self) -> tuple[ModuleEvidence, ...]:
        """What lies beside the modules and tells what they come from."""
        return evidence_files(self.built.sources)

    @cached_property
    def evidence_contents(self) -> Mapping[str, bytes]:
        """The bytes of each evidence file, by the name of the folder that it lies in."""
        return {path.parent.name: path.read_bytes() for path in _evidence_paths(self.built.sources)}

    @cached_property
    def _declared(self) -> Mapping[str, frozenset[str]]:
        """The types that each module declares, by its name."""
        found: dict[str, frozenset[str]] = {}
        for format_build in self.built.formats:
            for module in format_build.modules:
                names = self._of(declared_names([module.cil]), blocks="(block " in module.cil)
                found[module.source.name] = found.get(module.source.name, frozenset()) | names
        return found

    def _of(self, names: frozenset[str], blocks: bool) -> frozenset[str]:
        """Return the types of the policy that NAMES, which CIL declares, stand for; BLOCKS: some may be blocks."""
        found = names & self.policy.types
        if blocks:
            # What a block inherits is not in its text.
            added = self.policy.types - self.plain.types
            found |= {type_ for type_ in added if type_.partition(".")[0] in names}
        return found

    @property
    def declared(self) -> frozenset[str]:
        """The types that the modules declare."""
        return frozenset().union(*self._declared.values())

    @property
    def declared_by(self) -> Mapping[str, str]:
        """The types that modules declare, and the domain that each one's module is about.

        Only evidence says what a module is about; one without any is left out.
        """
        by_module = {file.module: file.domain for file in self.evidence}
        return {
            type_: by_module[name] for name, types in self._declared.items() if name in by_module for type_ in types
        }

    @cached_property
    def owners(self) -> Mapping[str, frozenset[str]]:
        """The types that modules declare, each with the domains of its module: those it declares, or is about."""
        about = {file.module: file.domain for file in self.evidence}
        found: dict[str, frozenset[str]] = {}
        for name, types in self._declared.items():
            domains = (types & self.domains) | ({about[name]} if name in about else set())
            for type_ in types:
                found[type_] = found.get(type_, frozenset()) | domains
        return found

    @property
    def about(self) -> frozenset[str]:
        """The types that the modules are about: those that they declare, and the domains that evidence names."""
        return self.declared | {file.domain for file in self.evidence}

    @property
    def subjects(self) -> frozenset[str]:
        """As `about`. Raise UsageError for a module that declares no type and has no evidence."""
        known = {file.module for file in self.evidence}
        for name, types in self._declared.items():
            if not types and name not in known:
                raise UsageError(f"{name} declares no type and has no {FILE_NAME}; name its domain with -d TYPE")
        return self.about

    @property
    def domains(self) -> frozenset[str]:
        """The domains that the modules declare, and those that evidence names."""
        named = frozenset(file.domain for file in self.evidence) & self.policy.types
        return named | (self.declared & self.policy.attributes.get("domain", frozenset()))

    @cached_property
    def file_contexts(self) -> tuple[FileContext, ...]:
        """The file contexts of the modules, but for those that give no label."""
        kinds = {name: kind for kind, name in FILE_KINDS.items()}
        found = set()
        for format_build in self.built.formats:
            for module in format_build.modules:
                for entry in filecons(module.cil):
                    if entry.context:
                        context = SecurityContext.parse(entry.context)
                        found.add(FileContext(entry.pattern, kinds[entry.kind], context))
        return tuple(sorted(found))

    def under(self, observations: Observations, known: Sequence[Daemon], scope: Collection[str]) -> UnderModules:
        """Return OBSERVATIONS as they are under the modules, which are about the domains of SCOPE.

        KNOWN daemons are described. It is kept for the observations that were asked about last.
        """
        key = frozenset(scope)
        kept = self._under.get(key)
        if kept is None or kept[0] is not observations:
            kept = (
                observations,
                under_modules(
                    observations,
                    known,
                    key,
                    self.file_contexts,
                    self.plain,
                    self.policy,
                    FileContextLabels(self.base_linked.file_contexts),
                    FileContextLabels(self.linked.file_contexts),
                ),
            )
            self._under[key] = kept
        return kept[1]


def evidence_files(sources: Iterable[ModuleSource]) -> tuple[ModuleEvidence, ...]:
    """Read the evidence beside each of SOURCES that has any; InputError when it cannot be read."""
    found = []
    for path in _evidence_paths(sources):
        try:
            found.append(read_evidence(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, EvidenceError) as error:
            raise InputError(f"{path}: {error}; generate the module again") from error
    return tuple(found)


def _evidence_paths(sources: Iterable[ModuleSource]) -> list[Path]:
    """Return the evidence files beside SOURCES."""
    folders = sorted({Path(file.path).parent for source in sources if (file := source.te or source.cil)})
    return [path for folder in folders if (path := folder / FILE_NAME).exists()]
