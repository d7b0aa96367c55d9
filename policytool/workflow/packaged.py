# SPDX-License-Identifier: GPL-2.0-or-later
"""A package of modules put together: compiled modules, sources, scripts, and the files of Debian and RPM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files as resources
from pathlib import Path

from policytool.check.findings import ModuleSource, SourceFile
from policytool.errors import InputError, UsageError
from policytool.generate.writers.evidence import FILE_NAME
from policytool.model.daemon import Daemon
from policytool.model.printable import printable
from policytool.packaging.debian_files import debian_files
from policytool.packaging.description import PRIORITY, PackageDescription, relabelled_paths
from policytool.packaging.rpm_spec import rpm_spec
from policytool.toolchain.compile import package_refpolicy
from policytool.toolchain.run import concurrently
from policytool.toolchain.sources import called_modules, interfaces_beside
from policytool.workflow.module_set import ModuleSet
from policytool.workflow.versions import version_of

_SCRIPTS = ("common", "install", "uninstall", "rollout")
_PROGRAMS = frozenset({"install", "uninstall", "rollout", "debian/rules"})
_MAINTAINER = "root <root@localhost>"


@dataclass(frozen=True, slots=True)
class Package:
    """A package, and its files by name in its folder, each with whether it is a program."""

    description: PackageDescription
    files: Mapping[str, tuple[bytes, bool]]


def packaged(
    modules: ModuleSet,
    known: Sequence[Daemon],
    name: str,
    version: str = "",
    maintainer: str = "",
    priority: int = PRIORITY,
) -> Package:
    """Make the package NAME of MODULES; units are those of daemons that are KNOWN to have their domains.

    Its version is the highest of the modules' where VERSION is not given. Equal modules give equal bytes.
    InputError: a module does not compile or link; UsageError: a name or version that no package may have.
    """
    policy = modules.policy
    sources = modules.built.sources
    domains = modules.declared & policy.attributes.get("domain", frozenset())
    about = domains | {file.domain for file in modules.evidence}
    last = max((access.evidence.last for file in modules.evidence for access in file.accesses), default=0)
    identity = modules.base.identity
    description = PackageDescription(
        name=name,
        version=version or max((version_of(source) for source in sources), key=_in_order),
        maintainer=maintainer or _MAINTAINER,
        date=last // 1000,
        base=printable(f"{identity.name} {identity.version}".strip()),
        modules=tuple(source.name for source in sources),
        only_cil=frozenset(source.name for source in sources if source.te is None),
        domains=tuple(sorted(domains)),
        units=tuple(sorted({daemon.unit for daemon in known if daemon.domain in about and daemon.unit})),
        paths=relabelled_paths(modules.file_contexts),
        priority=priority,
    )
    if description.guard in description.modules:
        raise UsageError(f"a module is called {description.guard}, as the package's own is; choose another --name")
    files = _contents(description, sources)
    texts = debian_files(description, files) | {f"{name}.spec": rpm_spec(description, files)}
    files |= {file: (text.encode(), file in _PROGRAMS) for file, text in texts.items()}
    return Package(description, dict(sorted(files.items())))


def _in_order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _contents(package: PackageDescription, sources: Sequence[ModuleSource]) -> dict[str, tuple[bytes, bool]]:
    """Return what the package installs."""
    lists = {
        "name": (package.name,),
        "priority": (str(package.priority),),
        "modules.list": tuple(sorted(package.modules)),
        "permissive.list": (package.guard,),
        "domains.list": package.domains,
        "units.list": package.units,
        "relabel.list": package.paths,
    }
    found = {name: ("".join(f"{line}\n" for line in lines).encode(), False) for name, lines in lists.items()}
    for name in _SCRIPTS:
        text = resources("policytool.packaging").joinpath("scripts", name).read_bytes()
        found[name] = (text, name in _PROGRAMS)
    guard = f"; The domains of {package.name}, while it is looked at what would be denied.\n"
    guard += "".join(f"(typepermissive {domain})\n" for domain in package.domains)
    found[f"permissive/{package.guard}.cil"] = (guard.encode(), False)
    neighbours = {source.name: source.if_ for source in sources if source.if_}
    beside = interfaces_beside(sources)
    with_source = [source for source in sources if source.te]
    compiled = concurrently(
        [
            partial(
                package_refpolicy,
                source,
                [*(file for name, file in neighbours.items() if name != source.name), *beside],
            )
            for source in with_source
        ]
    )
    for source, package_file in zip(with_source, compiled, strict=True):
        found[f"modules/{source.name}.pp"] = (package_file, False)
    for source in sources:
        if source.cil:
            text = source.cil.text.encode("utf-8", "surrogateescape")
            found[f"cil/{source.name}.cil" if source.te else f"modules/{source.name}.cil"] = (text, False)
        for file in (source.te, source.if_, source.fc, source.cil):
            if file and not file.path.endswith(".pp"):
                found[f"source/{source.name}/{_file_name(source, file)}"] = (
                    file.text.encode("utf-8", "surrogateescape"),
                    False,
                )
        evidence = _evidence_of(source)
        if evidence is not None:
            found[f"source/{source.name}/{FILE_NAME}"] = (evidence, False)
        # Whoever builds a module again needs the interfaces that it calls, in its own folder.
        for file in (*neighbours.values(), *beside):
            if Path(file.path).stem in called_modules(source) - {source.name}:
                found[f"source/{source.name}/{Path(file.path).name}"] = (
                    file.text.encode("utf-8", "surrogateescape"),
                    False,
                )
    return found


def _file_name(source: ModuleSource, file: SourceFile) -> str:
    return f"{source.name}{Path(file.path).suffix}"


def _evidence_of(source: ModuleSource) -> bytes | None:
    main = source.te or source.cil
    path = Path(main.path).parent / FILE_NAME if main else None
    try:
        return path.read_bytes() if path and path.exists() else None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
