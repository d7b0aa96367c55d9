# SPDX-License-Identifier: GPL-2.0-or-later
"""Wrong labels: objects whose label is not the one that file contexts give their path. A restorecon cures that.

A rule would open every object with the wrong label, and be of no use once it is right. But many labels differ
for a good reason, and a rule left out by mistake breaks the daemon; so a label is only called wrong where nothing
else explains it: on what lasts longer than the system runs, was there before the recording, and that nobody made or
labelled while it ran.
"""

from __future__ import annotations

import shlex
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from posixpath import dirname

from policytool.graph.touched import Touched
from policytool.model.access import AccessVector, Use, with_uses
from policytool.model.context import OBJECT_ROLE
from policytool.model.daemon import is_plain_path
from policytool.model.own_path import ENTRY_PERMS, KINDS, Labels

# What is searched may be the folder or what was looked for in it, and no path says which.
_UNSURE = ENTRY_PERMS | {"search"}

# Folders of the Filesystem Hierarchy Standard that keep their contents over a restart; what is in /run or /tmp has
# been made by somebody since, and what is in /usr has several names (file_contexts.subs_dist).
_LASTING = ("/etc/", "/var/lib/", "/var/cache/", "/var/log/", "/var/spool/", "/srv/")


@dataclass(frozen=True, slots=True)
class LabelFault:
    """An access to an object with a wrong label (VECTOR, with those uses only), and the COMMAND that cures it."""

    vector: AccessVector
    command: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The accesses as they would be under right labels, and the faults: an access of a fault is in both."""

    vectors: tuple[AccessVector, ...]
    faults: tuple[LabelFault, ...] = ()


def check_labels(
    vectors: Sequence[AccessVector],
    seen: Touched,
    labels: Labels,
    *,
    unlabeled: str,
    customizable: Container[str] = (),
) -> Checked:
    """Tell the VECTORS on objects with wrong labels, as LABELS has the file contexts of base and modules.

    SEEN is what was made and labelled in the recording, UNLABELED the type of objects without a valid label,
    CUSTOMIZABLE the types that an administrator may set as he likes (customizable_types).
    """
    own_labels = frozenset[str]().union(*seen.relabelled.values()) if seen.relabelled else frozenset()
    doubtful = [vector for vector in vectors if _may_be_wrong(vector, own_labels, customizable)]
    right: dict[tuple[str, str], str] = {}
    for tclass, kind in KINDS.items():
        paths = {
            labels.canonical(use.path)
            for vector in doubtful
            if vector.tclass == tclass
            for use, _ in vector.evidence.uses
            if _settled(labels.canonical(use.path), seen, lasting=vector.target.type_ != unlabeled)
        }
        right |= {(path, tclass): type_ for path, type_ in labels.types(paths, kind).items()}
    kept: list[AccessVector] = []
    faults: list[LabelFault] = []
    for vector in vectors:
        wrong = dict(_wrong(vector, right, labels)) if _may_be_wrong(vector, own_labels, customizable) else {}
        if not wrong:
            kept.append(vector)
            continue
        kept += _split(vector, wrong)
        files = sorted({labels.canonical(use.path) for use in wrong})
        uses = [(use, count) for use, count in vector.evidence.uses if use in wrong]
        command = shlex.join(["restorecon", "-v", *files])
        faults.append(LabelFault(with_uses(vector, vector.target, uses), command))
    return Checked(tuple(kept), tuple(faults))


def _may_be_wrong(vector: AccessVector, own_labels: Container[str], customizable: Container[str]) -> bool:
    type_ = vector.target.type_
    # Files of another role are a process's own, in /proc: /etc/mtab is a link to one.
    labelled = vector.tclass in KINDS and vector.target.role == OBJECT_ROLE
    fixed = not labelled or vector.perm in _UNSURE or not vector.evidence.whole
    return not fixed and type_ not in own_labels and type_ not in customizable


def _settled(path: str, seen: Touched, *, lasting: bool) -> bool:
    """Say whether the object at PATH was there before the recording, on a path that is sure to mean it."""
    if (lasting and not path.startswith(_LASTING)) or not is_plain_path(path):
        return False
    while path != "/":
        if path in seen.created:
            return False
        path = dirname(path)
    return True


def _wrong(vector: AccessVector, right: dict[tuple[str, str], str], labels: Labels) -> Iterator[tuple[Use, str]]:
    for use, _ in vector.evidence.uses:
        type_ = right.get((labels.canonical(use.path), vector.tclass), "")
        if type_ and type_ != vector.target.type_:
            yield use, type_


def _split(vector: AccessVector, wrong: dict[Use, str]) -> Iterable[AccessVector]:
    """Yield VECTOR with its other uses, and with the WRONG ones under the right types."""
    by_type: dict[str, list[tuple[Use, int]]] = {}
    for use, count in vector.evidence.uses:
        by_type.setdefault(wrong.get(use, vector.target.type_), []).append((use, count))
    return [with_uses(vector, replace(vector.target, type_=type_), uses) for type_, uses in sorted(by_type.items())]
