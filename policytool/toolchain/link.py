# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole base and some modules, linked by secilc into a compiled policy; the host's store is never touched."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from policytool.check.link_errors import FailureKind, LinkFailure, link_failures
from policytool.errors import InputError, PolicytoolError, UsageError
from policytool.model.context import is_identifier
from policytool.toolchain.base import Base, Progress, base_cil, stamp
from policytool.toolchain.cache import Cache, digest, open_cache
from policytool.toolchain.outline import base_outline, is_bounded
from policytool.toolchain.path_aliases import SUFFIX, path_aliases
from policytool.toolchain.run import failed, find_program, run

# secilc's own lower limit (POLICYDB_VERSION_MIN); the upper one is asked of the installed secilc.
OLDEST_VERSION = 15
# The file with what secilc says, in an entry of modules that it refused.
_MESSAGES = "messages"
# secilc frees lists of a million small parts; without glibc's fast bins that takes a fifth less time in all.
_ENVIRONMENT = {"GLIBC_TUNABLES": "glibc.malloc.mxfast=0"}
_DEFAULT_VERSION = re.compile(r"--policyvers=<version>.*?\(default: (?P<version>\d+)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Linked:
    """A compiled policy and its file contexts: files of the cache, to be read and not changed.

    `of_base` is what the base breaks of its own neverallow rules, whatever the modules do. Distributions build with
    these rules off (expand-check=0), so that their bases may break some.
    """

    policy: Path
    file_contexts: Path
    of_base: tuple[LinkFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class LinkFailed:
    """Why secilc refused: at least one failure, none of which is the base's own (`of_base`, as for `Linked`)."""

    failures: tuple[LinkFailure, ...]
    of_base: tuple[LinkFailure, ...] = ()


def link(
    base: Base,
    modules: Mapping[str, str],
    *,
    neverallow: bool = True,
    dontaudit: bool = True,
    outline: bool = False,
    policy_version: int | None = None,
    progress: Progress | None = None,
    cache: Cache | None = None,
) -> Linked | LinkFailed:
    """Link MODULES (name to CIL) with the whole BASE; a module replaces the base's one of the same name.

    NEVERALLOW says whether neverallow rules are checked, which takes a second more; without DONTAUDIT the
    compiled policy has no dontaudit rules. With OUTLINE the rules of the base are left out (`outline.py`): what is
    linked then tells whether the modules do, and nothing of what is allowed. Where types are bounded, all rules
    stay. POLICY_VERSION is that of the compiled policy, None secilc's newest. UsageError if secilc cannot write it.
    """
    cache = cache or open_cache()
    again = partial(
        _linked,
        base,
        dontaudit=dontaudit,
        outline=outline and not is_bounded(modules.values()),
        policy_version=policy_version,
        progress=progress,
        cache=cache,
    )
    result = again(modules, neverallow=neverallow)
    if isinstance(result, Linked) or any(failure.kind is not FailureKind.NEVERALLOW for failure in result.failures):
        return result
    alone = again({}, neverallow=True)
    if isinstance(alone, Linked):
        return result
    of_base = alone.failures
    # secilc prints the first offenders of a rule only: the modules' have to come before the base's.
    refused = again(modules, neverallow=True, modules_first=True)
    if isinstance(refused, LinkFailed):
        broken = {failure.against for failure in of_base}
        # A rule of the base breaks another one because of an attribute that the modules give.
        own = tuple(
            failure for failure in refused.failures if failure.module in modules or failure.against not in broken
        )
        if own:
            return LinkFailed(own, of_base)
    unchecked = again(modules, neverallow=False)
    return replace(unchecked, of_base=of_base) if isinstance(unchecked, Linked) else unchecked


def _linked(
    base: Base,
    modules: Mapping[str, str],
    *,
    neverallow: bool,
    dontaudit: bool,
    outline: bool,
    policy_version: int | None,
    progress: Progress | None,
    cache: Cache,
    modules_first: bool = False,
) -> Linked | LinkFailed:
    for name in modules:
        if not is_identifier(name):
            raise InputError(f"{name!r} cannot be the name of a policy module")
    newest = newest_version()
    version = newest if policy_version is None else policy_version
    if not OLDEST_VERSION <= version <= newest:
        raise UsageError(f"policy version {version}: this secilc writes {OLDEST_VERSION} to {newest}")
    texts = (text for name, cil in sorted(modules.items()) for text in (name, cil))
    aliases = "".join(f"{path} {name}\n" for path, name in path_aliases(base).items())
    identity = digest("link", base.identity.sha256, aliases, stamp(Path(find_program("secilc"))), *texts)
    options = ["-c", str(version), *([] if dontaudit else ["-D"])]
    order = [*(["first"] if modules_first else []), *(["outline"] if outline else [])]
    folder = cache.find("link", digest(identity, *order, *options))
    # Checks change nothing: what has passed them is also what comes of a link without them.
    if not neverallow and (folder is None or (folder / _MESSAGES).exists()):
        options.append("-N")
        folder = cache.find("link", digest(identity, *order, *options))
    if folder is None:
        files = (base_outline if outline else base_cil)(base, progress=progress, cache=cache)
        make = partial(_link, files, modules, aliases, options, modules_first)
        folder = cache.fill("link", digest(identity, *order, *options), make)
    refused = folder / _MESSAGES
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


def _link(
    files: tuple[Path, ...],
    modules: Mapping[str, str],
    aliases: str,
    options: list[str],
    first: bool,
    folder: Path,
) -> None:
    with tempfile.TemporaryDirectory(prefix="policytool-") as name:
        work = Path(name)
        # Files named after their modules: secilc's messages name files.
        for module, cil in modules.items():
            (work / f"{module}.cil").write_bytes(cil.encode("utf-8", "surrogateescape"))
        own = [f"{module}.cil" for module in sorted(modules)]
        rest = [path for path in files if path.stem not in modules]
        output: list[str | Path] = ["-o", folder / "policy", "-f", folder / "file_contexts"]
        order: list[str | Path] = [*own, *rest] if first else [*rest, *own]
        done = run(["secilc", *options, *output, *order], cwd=work, ok=range(256), env=_ENVIRONMENT)
        if done.status == 0:
            # libselinux looks for it beside the file contexts: a path is looked up under the name that they have.
            (folder / f"file_contexts{SUFFIX}").write_text(aliases, "utf-8", "surrogateescape")
            return
        failures = link_failures(done.messages)
        # What explains itself is a property of the modules and is kept; a full disk is not.
        if not failures or any(failure.kind is FailureKind.OTHER for failure in failures):
            raise failed(done, work)
        for leftover in folder.iterdir():
            leftover.unlink()
        (folder / _MESSAGES).write_bytes(done.stderr)
