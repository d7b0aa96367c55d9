# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person decided before modules are made: options of `generate`, and the accepted.toml of each daemon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from policytool.cli.verbs import VerbOption
from policytool.daemons.named import as_daemons
from policytool.errors import InputError, UsageError
from policytool.model.cure import Cure

if TYPE_CHECKING:
    from policytool.generate.choices import Choices
    from policytool.generate.robust import Limit
    from policytool.model.access import AccessKey
    from policytool.model.daemon import Daemon
    from policytool.model.program import Child

Accept = Annotated[
    list[str] | None,
    VerbOption("--accept", metavar="ID", help="Allow what is refused under this id, for now; repeatable."),
]
AcceptedFolder = Annotated[
    Path | None,
    VerbOption(
        "--accepted", metavar="DIR", help="Where DAEMON/accepted.toml and ablation.json are (default: the output)."
    ),
]
AcceptedPolicies = Annotated[
    Path, VerbOption("--accepted", metavar="DIR", help="Where DAEMON/accepted.toml and ablation.json are.")
]
Transitions = Annotated[
    bool,
    VerbOption("--transitions/--no-transitions", help="Helper programs enter their own domains in the base."),
]
PrivateTypes = Annotated[
    bool,
    VerbOption(
        "--private-types/--no-private-types", help="Give what is one daemon's own types of its own, or none."
    ),
]
PreferBooleans = Annotated[
    bool, VerbOption("--prefer-booleans", help="No rule for what a boolean of the base would grant; name it.")
]
Write = Annotated[
    list[str] | None,
    VerbOption(
        "--write",
        metavar="CURE",
        help="Write what is proposed, not the rule: boolean, transition, private-type, dontaudit, all; repeatable.",
    ),
]
Children = Annotated[
    list[str] | None,
    VerbOption(
        "--child",
        metavar="DAEMON=PATH",
        help="The program at PATH gets a domain of its own where DAEMON runs it; repeatable.",
    ),
]
Dontaudit = Annotated[
    list[Path] | None,
    VerbOption(
        "--dontaudit",
        metavar="FILE",
        help="A result of `lab enforce --json`, `lab ablate`: what it passed without gets a dontaudit; repeatable.",
    ),
]
Budget = Annotated[
    int | None,
    VerbOption(
        metavar="N",
        least=0,
        help="Profile robust: add at most N permissions (default: 15 % of those that were seen).",
    ),
]
Confidence = Annotated[
    float,
    VerbOption(
        metavar="P",
        least=0.0,
        most=1.0,
        help="Profile robust: add nothing that one scenario more needs with a chance of less than P (0.01: 1 %).",
    ),
]
Like = Annotated[
    str | None,
    VerbOption(
        metavar="DOMAIN",
        help="Profile robust: a domain of the base that does the same work (default: the one that is replaced).",
    ),
]


def limit_of(budget: int | None, confidence: float) -> Limit:
    """Return how much profile robust may add."""
    from policytool.generate.robust import Limit

    return Limit(budget, confidence)


def load_choices(
    folder: Path | None,
    accept: Sequence[str] = (),
    *,
    transitions: bool = True,
    private_types: bool = True,
    prefer_booleans: bool = False,
    dontaudit: Sequence[Path] = (),
    children: Sequence[str] = (),
    known: Sequence[Daemon] = (),
    write: Sequence[str] = (),
    like: str | None = None,
) -> Choices:
    """Return the decisions in the files DAEMON/accepted.toml of FOLDER (if any), on the command line, in DONTAUDIT.

    FOLDER/ablation.json, where `lab ablate` wrote one, is read like a file of DONTAUDIT.

    CHILDREN are DAEMON=PATH, of KNOWN daemons or domains. InputError: a file cannot be read or is not what it
    should be; UsageError: an id of ACCEPT names nothing, or one of CHILDREN is no program that may have a domain.
    """
    from policytool.generate.choices import (
        ACCEPTED_FILE,
        Choices,
        ChoicesError,
        read_accepted,
        require_id,
    )
    from policytool.generate.enforced_runs import ABLATION_FILE, EnforcedRunError, EnforcedRuns, read_enforced_runs

    accepted: dict[str, Mapping[str, str]] = {}
    kept: dict[AccessKey, str] = {}
    for path in sorted(folder.glob(f"*/{ACCEPTED_FILE}")) if folder else ():
        try:
            decided = read_accepted(_text(path))
        except ChoicesError as error:
            raise InputError(f"{path}: {error}") from error
        accepted[path.parent.name] = decided.ids
        kept |= decided.kept
    try:
        accepted[""] = {require_id(id_): "on the command line (--accept)" for id_ in accept}
    except ChoicesError as error:
        raise UsageError(f"--accept {error}") from error
    enforced = EnforcedRuns()
    ablated = [folder / ABLATION_FILE] if folder and (folder / ABLATION_FILE).exists() else []
    for path in (*ablated, *dontaudit):
        try:
            enforced = enforced.joined(read_enforced_runs(_text(path)))
        except EnforcedRunError as error:
            raise InputError(f"{path}: {error}") from error
    if children and not transitions:
        raise UsageError("--child makes a transition; leave out --no-transitions")
    found = _children(children, known)
    enforced = enforced.keeping(kept)
    return Choices(accepted, transitions, prefer_booleans, enforced, private_types, found, _written(write), like)


def _written(names: Sequence[str]) -> frozenset[Cure]:
    proposed = (Cure.BOOLEAN, Cure.LABEL, Cure.TRANSITION, Cure.PRIVATE_TYPE, Cure.DONTAUDIT)
    known = {cure.replace(" ", "-"): cure for cure in proposed}
    if unknown := sorted(set(names) - {*known, "all"}):
        raise UsageError(
            f"--write {unknown[0]}: nothing of this kind is proposed; choose {', '.join(known)} or all"
        )
    return frozenset(proposed if "all" in names else (known[name] for name in names))


def _children(texts: Sequence[str], known: Sequence[Daemon]) -> tuple[Child, ...]:
    from policytool.generate.choices import ChoicesError, child_of

    found: dict[str, str] = {}
    children = []
    for text in texts:
        name, _, path = text.partition("=")
        try:
            child = child_of(as_daemons([name], known)[0], path)
        except ChoicesError as error:
            raise UsageError(f"--child {text}: {error}") from error
        # A file has one label, so it leads into one domain; and a domain has one program file here.
        for key in (child.path, child.domain):
            if found.setdefault(key, text) != text:
                raise UsageError(f"--child {text}: {key} is what --child {found[key]} names already")
        children.append(child)
    return tuple(children)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
