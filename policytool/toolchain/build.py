# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything that `check` does to modules: find, compile, link in each format, judge the file contexts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache as cache_once
from functools import partial
from pathlib import Path

from policytool.check.disabled import read_disabled, with_disabled
from policytool.check.file_contexts import (
    Filecon,
    compare_filecons,
    filecons,
    place,
    sample_paths,
    shadowed,
    unreachable,
)
from policytool.check.findings import Finding, ModuleSource, sorted_findings
from policytool.check.known_names import NOTHING_KNOWN, KnownNames
from policytool.check.link_errors import LinkFailure
from policytool.check.link_findings import LinkedModule, declared_names, link_findings
from policytool.check.lints import lint
from policytool.check.optional_blocks import optional_findings
from policytool.errors import InputError
from policytool.model.printable import printable
from policytool.toolchain.base import Base, Progress, base_cil
from policytool.toolchain.base_filecons import base_filecons
from policytool.toolchain.base_names import known_names
from policytool.toolchain.cache import Cache, open_cache
from policytool.toolchain.compile import Compiled, compile_refpolicy
from policytool.toolchain.headers import find_headers, headers_folder
from policytool.toolchain.link import Linked, LinkFailed, link
from policytool.toolchain.path_aliases import path_aliases
from policytool.toolchain.run import concurrently
from policytool.toolchain.setfiles import check_file_contexts, labels
from policytool.toolchain.sources import find_sources, interfaces_beside


class SourceFormat(StrEnum):
    """The language a module is written in. CIL is first: it says each rule, which refpolicy says in macros."""

    CIL = "cil"
    REFPOLICY = "refpolicy"


@dataclass(frozen=True, slots=True)
class FormatBuild:
    """All modules linked together: each in FORMAT if it has it, else in the other one.

    `modules` are sorted by name; one that did not compile is absent. `result` is None when none did.
    """

    format: SourceFormat
    modules: tuple[LinkedModule, ...]
    result: Linked | LinkFailed | None


@dataclass(frozen=True, slots=True)
class Build:
    """What came of some modules: at most one FormatBuild a format, and every finding in order of place.

    `outline` says that the rules of the base were left out.
    """

    base: Base
    sources: tuple[ModuleSource, ...]
    formats: tuple[FormatBuild, ...]
    findings: tuple[Finding, ...]
    outline: bool = False

    @property
    def of_base(self) -> tuple[LinkFailure, ...]:
        """What the base breaks of its own neverallow rules, in whatever format the modules are."""
        return next(
            (format_build.result.of_base for format_build in self.formats if format_build.result is not None), ()
        )

    @property
    def every_form_links(self) -> bool:
        """Whether there is a compiled policy of each format, and no finding is an error."""
        links = all(isinstance(format_build.result, Linked) for format_build in self.formats)
        return bool(self.formats) and links and not any(finding.fails for finding in self.findings)

    @property
    def linked(self) -> Linked | None:
        """The compiled policy of the first format, None if it did not link."""
        result = self.formats[0].result if self.formats else None
        return result if isinstance(result, Linked) else None


def build(
    folders: Sequence[Path],
    base: Base,
    *,
    neverallow: bool = True,
    outline: bool = False,
    policy_version: int | None = None,
    headers: Path | None = None,
    progress: Progress | None = None,
    cache: Cache | None = None,
) -> Build:
    """Compile the modules in FOLDERS and link them with BASE, all together, once a format.

    A module with both a .te and a .cil is linked in both forms, at the same time. OUTLINE as for `link`.
    What is wrong with a module is a finding; an error is raised only for what cannot be read, is missing, or breaks
    down (see errors).
    """
    cache = cache or open_cache()
    sources, findings = find_sources(folders)
    found = list(findings)
    for source in sources:
        found.extend(lint(source, base.names))
    # One that would replace a module of the base is not linked: all that the base loses would be its fault.
    wanted = tuple(source for source in sources if source.name not in base.names)
    base_files = base_cil(base, progress=progress, cache=cache)
    known = cache_once(partial(known_names, base_files, headers_folder(headers), cache))
    entries = cache_once(partial(base_filecons, base_files, cache))
    compiled, errors = _compile_all(wanted, headers, known, cache, progress)
    found.extend(errors)
    formats = tuple(_choices(wanted, compiled))
    tasks = [
        partial(
            link,
            base,
            {module.source.name: module.cil for module in modules},
            neverallow=neverallow,
            outline=outline,
            policy_version=policy_version,
            cache=cache,
        )
        for _, modules in formats
    ]
    if progress:
        progress("linking", 0, len(tasks))
    results = concurrently(tasks)
    built = tuple(
        FormatBuild(kind, modules, result) for (kind, modules), result in zip(formats, results, strict=True)
    )
    found.extend(_judge(built, base, entries, known))
    if progress:
        progress("linking", len(tasks), len(tasks))
    disabled = read_disabled(sources)
    found.extend(disabled.findings)
    every = with_disabled(sorted_findings(_without_echoes(found)), disabled)
    return Build(base, sources, built, every, outline)


def compile_each(
    folders: Sequence[Path], *, headers: Path | None = None, cache: Cache | None = None
) -> tuple[tuple[ModuleSource, str], ...]:
    """Return each module in FOLDERS with the CIL that `build` links first: its .cil if it has one. Links nothing.

    InputError for a module that does not compile, or whose name comes twice.
    """
    sources, findings = find_sources(folders)
    compiled, errors = _compile_all(sources, headers, lambda: NOTHING_KNOWN, cache or open_cache(), None)
    for finding in (*findings, *errors):
        raise InputError(f"{finding.file}:{finding.line}: {finding.message}; policytool check says more")
    formats = list(_choices(sources, compiled))
    return tuple((module.source, module.cil) for module in formats[0][1])


def _compile_all(
    sources: Sequence[ModuleSource],
    headers: Path | None,
    known: Callable[[], KnownNames],
    cache: Cache,
    progress: Progress | None,
) -> tuple[dict[str, Compiled], list[Finding]]:
    written = [source for source in sources if source.te]
    if not written:
        return {}, []
    ready = find_headers(headers, cache)
    interfaces = {source.name: source.if_ for source in sources if source.if_}
    beside = interfaces_beside(sources, headers)
    tasks = [
        partial(
            compile_refpolicy,
            source,
            neighbours=[*(file for name, file in interfaces.items() if name != source.name), *beside],
            headers=ready,
            known=known,
            cache=cache,
        )
        for source in written
    ]
    compiled: dict[str, Compiled] = {}
    errors: list[Finding] = []
    for number, outcome in enumerate(concurrently(tasks), 1):
        if isinstance(outcome, Compiled):
            compiled[outcome.name] = outcome
        else:
            errors.extend(outcome)
        if progress:
            progress("compiling", number, len(tasks))
    return compiled, errors


def _choices(
    sources: Sequence[ModuleSource], compiled: Mapping[str, Compiled]
) -> Iterator[tuple[SourceFormat, tuple[LinkedModule, ...]]]:
    """Yield what is to be linked: one set of modules a format, once where both are the same."""
    seen: list[tuple[LinkedModule, ...]] = []
    for kind in SourceFormat:
        if not any(source.te if kind is SourceFormat.REFPOLICY else source.cil for source in sources):
            continue
        modules = []
        for source in sources:
            if source.te and (kind is SourceFormat.REFPOLICY or not source.cil):
                # Its errors are findings; its other form must not hide that from this format's link.
                if compiled_source := compiled.get(source.name):
                    modules.append(LinkedModule(source, compiled_source.cil, compiled_source.expanded))
            elif source.cil:
                modules.append(LinkedModule(source, source.cil.text))
        if modules and tuple(modules) not in seen:
            seen.append(tuple(modules))
            yield kind, tuple(modules)


def _judge(
    formats: Iterable[FormatBuild],
    base: Base,
    base_entries: Callable[[], tuple[Filecon, ...]],
    known: Callable[[], KnownNames],
) -> Iterator[Finding]:
    for format_build in formats:
        if isinstance(format_build.result, LinkFailed):
            by_name = {module.source.name: module for module in format_build.modules}
            yield from link_findings(format_build.result.failures, by_name, _with(known(), format_build.modules))
        elif format_build.result:
            yield from _judge_labels(format_build.modules, format_build.result, path_aliases(base))
        if any("(optional " in module.cil for module in format_build.modules):
            names = _with(known(), format_build.modules)
            for module in format_build.modules:
                yield from optional_findings(module, names)
        if any("(filecon " in module.cil for module in format_build.modules):
            yield from _judge_entries(format_build.modules, base_entries())


def _with(known: KnownNames, modules: Iterable[LinkedModule]) -> KnownNames:
    """Return KNOWN and what MODULES declare."""
    own = {name: module.source.name for module in modules for name in declared_names([module.cil])}
    return KnownNames({**known.declared, **own}, known.interfaces)


def _judge_entries(modules: Sequence[LinkedModule], base_entries: tuple[Filecon, ...]) -> Iterator[Finding]:
    entries = {module.source.name: filecons(module.cil) for module in modules}
    others = base_entries
    for module in modules:
        own = entries[module.source.name]
        yield from compare_filecons(_as_linked(module), own, others)
        # The next module is compared with this one too, so that a quarrel is told once.
        others += own


def _judge_labels(modules: Sequence[LinkedModule], linked: Linked, aliases: Mapping[str, str]) -> Iterator[Finding]:
    entries = [(module, entry) for module in modules for entry in filecons(module.cil)]
    if not entries:
        return
    for bad in check_file_contexts(linked.policy, linked.file_contexts):
        pattern = bad.entry.split()[0] if bad.entry.strip() else ""
        owner = next(((module, entry) for module, entry in entries if entry.pattern == pattern), None)
        file, line = place(_as_linked(owner[0]), owner[1]) if owner else ("", 0)
        name = owner[0].source.name if owner else ""
        message = printable(f"{pattern} {bad.message}".strip(), 300)
        yield Finding(file, line, "E-filecon", name, message, "see file_contexts(5)")
    for module, entry in entries:
        yield from unreachable(_as_linked(module), entry, aliases)
    for kind in sorted({entry.kind for _, entry in entries}):
        alike = [(module, entry) for module, entry in entries if entry.kind == kind]
        paths = [path for _, entry in alike for path in sample_paths(entry.pattern)]
        got = labels(linked.file_contexts, kind, paths)
        for module, entry in alike:
            yield from shadowed(_as_linked(module), entry, got)


def _without_echoes(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Leave out that an entry has no effect where it is said already why: it contradicts, or no path can match."""
    told = {
        (finding.file, finding.line) for finding in findings if finding.id in ("E-filecon", "W-filecon-unreachable")
    }
    for finding in findings:
        if finding.id != "W-filecon-shadowed" or (finding.file, finding.line) not in told:
            yield finding


def _as_linked(module: LinkedModule) -> ModuleSource:
    """Return the module's source without the form that was not linked, so that places are in the other."""
    source = module.source
    if module.expanded:
        return ModuleSource(source.name, te=source.te, if_=source.if_, fc=source.fc)
    return ModuleSource(source.name, cil=source.cil)
