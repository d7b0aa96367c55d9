# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole base and some modules, linked by secilc into a compiled policy; the host's store is never touched."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from policytool.check.link_errors import FailureKind, LinkFailure, link_failures
from policytool.errors import InputError, PolicytoolError, UsageError
from policytool.model.context import is_identifier
from policytool.toolchain.base import Base, Progress, base_cil, stamp
from policytool.toolchain.cache import Cache, digest, open_cache
from policytool.toolchain.run import failed, find_program, run

# secilc's own lower limit (POLICYDB_VERSION_MIN); the upper one is asked of the installed secilc.
OLDEST_VERSION = 15
_DEFAULT_VERSION = re.compile(r"--policyvers=<version>.*?\(default: (?P<version>\d+)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Linked:
    """A compiled policy and its file contexts: files of the cache, to be read and not changed."""

    policy: Path
    file_contexts: Path


@dataclass(frozen=True, slots=True)
class LinkFailed:
    """Why secilc refused; at least one failure."""

    failures: tuple[LinkFailure, ...]


def link(
    base: Base,
    modules: Mapping[str, str],
    *,
    neverallow: bool = True,
    dontaudit: bool = True,
    policy_version: int | None = None,
    progress: Progress | None = None,
    cache: Cache | None = None,
) -> Linked | LinkFailed:
    """Link MODULES (name to CIL) with the whole BASE; a module replaces the base's one of the same name.

    NEVERALLOW says whether neverallow rules are checked, which takes a second more; without DONTAUDIT the
    compiled policy has no dontaudit rules. POLICY_VERSION is that of the compiled policy, None secilc's newest.
    UsageError if secilc cannot write it.
    """
    cache = cache or open_cache()
    for name in modules:
        if not is_identifier(name):
            raise InputError(f"{name!r} cannot be the name of a policy module")
    newest = newest_version()
    version = newest if policy_version is None else policy_version
    if not OLDEST_VERSION <= version <= newest:
        raise UsageError(f"policy version {version}: this secilc writes {OLDEST_VERSION} to {newest}")
    texts = (text for name, cil in sorted(modules.items()) for text in (name, cil))
    options = ["-c", str(version), *([] if neverallow else ["-N"]), *([] if dontaudit else ["-D"])]
    key = digest("link", base.identity.sha256, stamp(Path(find_program("secilc"))), *options, *texts)
    folder = cache.find("link", key)
    if folder is None:
        files = base_cil(base, progress=progress, cache=cache)
        folder = cache.fill("link", key, partial(_link, files, modules, options))
    refused = folder / "messages"
    if refused.exists():
        return LinkFailed(link_failures(refused.read_bytes().decode("utf-8", "surrogateescape")))
    return Linked(folder / "policy", folder / "file_contexts")


def link_or_fail(
    base: Base,
    modules: Mapping[str, str],
    complaint: str,
    error: type[PolicytoolError] = InputError,
    *,
    dontaudit: bool = True,
) -> Linked:
    """Link for asking only: the questions are about allow rules, so neverallow rules need not be checked.

    Raise ERROR, whose message begins with COMPLAINT, where they do not link; it is a ToolFailedError where the
    modules are our own. DONTAUDIT as for `link`.
    """
    result = link(base, modules, neverallow=False, dontaudit=dontaudit)
    if isinstance(result, LinkFailed):
        raise error(f"{complaint}: {result.failures[0].message}")
    return result


def newest_version() -> int:
    """Return the newest policy version that the installed secilc writes."""
    match = _DEFAULT_VERSION.search(run(["secilc", "--help"], ok=(0, 1)).text)
    return int(match["version"]) if match else 33


def _link(files: tuple[Path, ...], modules: Mapping[str, str], options: list[str], folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="policytool-") as name:
        work = Path(name)
        # Files named after their modules: secilc's messages name files.
        for module, cil in modules.items():
            (work / f"{module}.cil").write_bytes(cil.encode("utf-8", "surrogateescape"))
        own = [f"{module}.cil" for module in sorted(modules)]
        rest = [path for path in files if path.stem not in modules]
        output: list[str | Path] = ["-o", folder / "policy", "-f", folder / "file_contexts"]
        done = run(["secilc", *options, *output, *rest, *own], cwd=work, ok=range(256))
        if done.status == 0:
            return
        failures = link_failures(done.messages)
        # What explains itself is a property of the modules and is kept; a full disk is not.
        if not failures or any(failure.kind is FailureKind.OTHER for failure in failures):
            raise failed(done, work)
        for leftover in folder.iterdir():
            leftover.unlink()
        (folder / "messages").write_bytes(done.stderr)
