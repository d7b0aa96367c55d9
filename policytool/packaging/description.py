# SPDX-License-Identifier: GPL-2.0-or-later
"""What a package of modules is: its name, its modules, and what has to happen where they are installed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from posixpath import dirname

from policytool.errors import InputError, UsageError
from policytool.model.module import FileContext
from policytool.model.paths import META, SUBTREE, literal_start

# Debian Policy, 5.6.1 and 5.6.12 (without an epoch, and without the hyphen that parts a revision off).
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]{1,60}")
_VERSION = re.compile(r"[0-9][A-Za-z0-9.+~]{0,40}")
_MAINTAINER = re.compile(r"[^<>\x00-\x1f\x7f]+ <[^<>\s]+@[^<>\s]+>")

# systemd.unit(5), without what a shell or a list of lines would take for something else.
_UNIT = re.compile(r"[A-Za-z0-9_@:][A-Za-z0-9_@:.\\-]*\.[a-z]+")

_ESCAPED = re.compile(r"\\(.)")

# Modules of the distribution are at 100, those of packages at 200 (Fedora's guideline on independent policies), and
# what an administrator installs by hand is at 400: it wins, and stays as it is.
PRIORITY = 200


@dataclass(frozen=True, slots=True)
class PackageDescription:
    """A package of `modules`, sorted by name; those in `only_cil` have no refpolicy source.

    `domains` are the domains that its rollout makes permissive, `units` are restarted, and files at `paths` are
    relabelled. `date` is in seconds since the epoch, `base` says what the modules were linked with.
    """

    name: str
    version: str
    maintainer: str
    date: int
    base: str
    modules: tuple[str, ...]
    only_cil: frozenset[str]
    domains: tuple[str, ...]
    units: tuple[str, ...]
    paths: tuple[str, ...]
    priority: int = PRIORITY

    def __post_init__(self) -> None:
        """Raise UsageError for what no package, and no unit, may be called."""
        for what, text, pattern, example in (
            ("name", self.name, _NAME, "virtsecretd-selinux"),
            ("version", self.version, _VERSION, "1.0.0"),
            ("maintainer", self.maintainer, _MAINTAINER, "Jane Doe <jane@example.org>"),
        ):
            if not pattern.fullmatch(text):
                raise UsageError(f"{text!r} cannot be the {what} of a package; one is {example}")
        for unit in self.units:
            if not _UNIT.fullmatch(unit):
                raise UsageError(
                    f"{unit!r} cannot be the name of a systemd unit; see the description of its daemon"
                )
        if not 1 <= self.priority <= 999:
            raise UsageError(f"{self.priority} is not a priority of semodule, which are 1 to 999")

    @property
    def guard(self) -> str:
        """The module that makes the domains permissive; its file is called as it is."""
        return f"{re.sub('[^a-z0-9]', '_', self.name)}_permissive"

    @property
    def folder(self) -> str:
        """Where the package keeps its files once it is installed."""
        return f"/usr/share/selinux/packages/{self.name}"


def relabelled_paths(contexts: Iterable[FileContext]) -> tuple[str, ...]:
    """Return the paths below which files have other labels with file CONTEXTS than without, sorted, each once.

    A pattern in which more than the end is open stands for the folder that it begins with. InputError: that is the
    root, so that all files had to be looked at, or a path that cannot stand on a line of its own.
    """
    found = {_path(context.pattern) for context in contexts}
    if unfit := sorted(path for path in found if not path.isprintable()):
        raise InputError(f"the file context for {unfit[0]!r} cannot be listed for relabelling")
    return tuple(sorted(path for path in found if not any(path.startswith(f"{other}/") for other in found)))


def _path(pattern: str) -> str:
    for ending in (SUBTREE, "(/.+)?", "/.*", ""):
        start = pattern.removesuffix(ending)
        if pattern.endswith(ending) and start and not META.search(_ESCAPED.sub("", start)):
            return _ESCAPED.sub(r"\1", start)
    folder = dirname(literal_start(pattern))
    if folder in ("", "/"):
        raise InputError(
            f"the file context {pattern} may be any file of the system, which cannot all be relabelled"
        )
    return folder
