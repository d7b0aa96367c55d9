# SPDX-License-Identifier: GPL-2.0-or-later
"""What a set of modules, or a compiled policy, allows more than another: findings at the lines that brought it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from policytool.check.disabled import read_disabled, with_disabled
from policytool.check.findings import Finding, sorted_findings
from policytool.check.link_findings import LinkedModule
from policytool.errors import InputError, UsageError
from policytool.gate.file_label_growth import FileLabels, read_entries
from policytool.gate.grown import GateSide, grown
from policytool.gate.growth import Growth
from policytool.gate.origin import Origin, Origins
from policytool.gate.same_forms import same_forms
from policytool.gate.statement_growth import ModuleText
from policytool.model.printable import printable
from policytool.policy.compiled import CompiledPolicy
from policytool.toolchain.build import FormatBuild
from policytool.toolchain.link import Linked
from policytool.toolchain.setfiles import labels
from policytool.workflow.linked_policy import linked_policy
from policytool.workflow.module_set import ModuleSet

_LONGEST = 400
# The words of a filecon for the classes of files.
_KINDS = {
    "lnk_file": "symlink",
    "sock_file": "socket",
    "fifo_file": "pipe",
    "blk_file": "block",
    "chr_file": "char",
}


def growth_findings(
    before: ModuleSet | CompiledPolicy | None, after: ModuleSet | CompiledPolicy
) -> tuple[Finding, ...]:
    """Return what AFTER allows and BEFORE (None: the base of the modules alone) did not, in order of place.

    Modules that have two forms are compared in each of them, unless the forms say the same. A comment can disable a
    finding. InputError: modules of one side have an error.
    """
    if not isinstance(after, ModuleSet) or isinstance(before, CompiledPolicy):
        return tuple(_of_policies(before, after))
    found: list[Finding] = []
    olds = {build.format: build for build in _linked(before)} if before else {}
    news = _linked(after)
    if _say_the_same(news) and (before is None or _say_the_same(before.built.formats)):
        news = news[:1]
    for new in news:
        if before is None:
            alone = GateSide(after.plain, ModuleText({}, {}), _labels(after.base_linked.file_contexts))
            found += _of_builds(alone, (), _side(after, new), new.modules)
            continue
        old = olds.get(new.format) or next(iter(olds.values()))
        if _texts(old) != _texts(new):
            found += _of_builds(_side(before, old), old.modules, _side(after, new), new.modules)
    return with_disabled(sorted_findings(_told_once(found)), read_disabled(after.built.sources))


def _linked(modules: ModuleSet) -> tuple[FormatBuild, ...]:
    # Says what is wrong where something is.
    _ = modules.linked
    return modules.built.formats


def _say_the_same(builds: Sequence[FormatBuild]) -> bool:
    texts = [{module.source.name: module.cil for module in build.modules} for build in builds]
    return all(same_forms(texts[0], text) for text in texts[1:])


def _texts(build: FormatBuild) -> Mapping[str, tuple[str, str]]:
    return {
        module.source.name: (module.cil, module.source.if_.text if module.source.if_ else "")
        for module in build.modules
    }


def _side(modules: ModuleSet, build: FormatBuild) -> GateSide:
    linked = build.result
    if not isinstance(linked, Linked):
        raise InputError(f"{', '.join(map(str, modules.folders))} does not link; policytool check says more")
    policy = modules.policy if linked == modules.linked else linked_policy(linked)
    return GateSide(policy, _text(build), _labels(linked.file_contexts))


def _text(build: FormatBuild) -> ModuleText:
    return ModuleText(
        {module.source.name: module.cil for module in build.modules},
        {
            module.source.name: (module.source.if_.path, module.source.if_.text)
            for module in build.modules
            if module.source.if_
        },
    )


def _labels(file_contexts: Path) -> FileLabels:
    text = file_contexts.read_text("utf-8", "surrogateescape")
    return FileLabels(read_entries(text), partial(_asked, file_contexts))


def _asked(file_contexts: Path, tclass: str, paths: Iterable[str]) -> Mapping[str, str]:
    return labels(file_contexts, _KINDS.get(tclass, tclass), paths)


def _of_policies(before: ModuleSet | CompiledPolicy | None, after: ModuleSet | CompiledPolicy) -> Iterable[Finding]:
    if before is None:
        raise UsageError("a compiled policy is compared with another one, or with modules")
    old = before if isinstance(before, CompiledPolicy) else before.policy
    if isinstance(after, CompiledPolicy):
        return [_finding(growth, None) for growth in grown(GateSide(old), GateSide(after))]
    origins = Origins(after.built.formats[0].modules, (), after.policy)
    return [_finding(growth, origins.origin(growth)) for growth in grown(GateSide(old), GateSide(after.policy))]


def _of_builds(
    old: GateSide, old_modules: Iterable[LinkedModule], new: GateSide, new_modules: Iterable[LinkedModule]
) -> list[Finding]:
    origins = Origins(new_modules, old_modules, new.policy)
    return [_finding(growth, origins.origin(growth)) for growth in grown(old, new)]


def _finding(growth: Growth, origin: Origin | None) -> Finding:
    message = printable(growth.message, _LONGEST)
    if origin is None:
        return Finding("", 0, growth.id, "", message)
    hint = ""
    if origin.defined[0]:
        hint = f"the interface is defined at {printable(origin.defined[0])}:{origin.defined[1]}"
    return Finding(
        origin.file, origin.line, growth.id, origin.module, message, hint, call=printable(origin.call, _LONGEST)
    )


def _told_once(findings: Iterable[Finding]) -> Iterable[Finding]:
    """Leave out what the second form of a module brings as well: the first one is the source that people read."""
    seen = set()
    for finding in findings:
        if (finding.id, finding.message) not in seen:
            seen.add((finding.id, finding.message))
            yield finding
