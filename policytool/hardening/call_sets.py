# SPDX-License-Identifier: GPL-2.0-or-later
"""systemd's @sets of system calls: which there are, and which of them say a list of calls in few words.

The sets are those that `systemd-analyze syscall-filter` prints (systemd.exec(5), SystemCallFilter=), so that they
are the ones of the systemd that shall read them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from policytool.generate.cover import Item, Option, cover

# An allow list of systemd has these always, whether it is written or not.
ALWAYS = "@default"
# Every call that systemd knows: as words of an allow list it would filter nothing.
_EVERY = "@known"

# What one call that nobody made weighs beside one word of the list: a set has to save a word for each four of them.
EXCESS_PRICE = 0.25

_WORD = re.compile(r"@?[a-z0-9_][a-z0-9_-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class FilterWord:
    """A word of SystemCallFilter=: a set or a call. It COVERS calls that were seen, EXCESS are others it allows."""

    word: str
    covers: tuple[str, ...]
    excess: tuple[str, ...] = ()


def read_sets(text: str) -> Mapping[str, frozenset[str]]:
    """Read what `systemd-analyze syscall-filter` prints: each set, with the calls of the sets in it.

    Comments are left out. A word that is no name of a call or set is, too: it could not stand in a unit.
    """
    direct: dict[str, set[str]] = {}
    current: set[str] | None = None
    for line in text.splitlines():
        word = line.strip()
        if not _WORD.fullmatch(word):
            # A comment of its own, not indented, heads the calls that are in no set.
            current = None if line.startswith("#") else current
        elif line[0] == "@":
            current = direct.setdefault(word, set())
        elif current is not None:
            current.add(word)
    return {name: frozenset(_calls(name, direct, frozenset())) for name in sorted(direct)}


def _calls(name: str, direct: Mapping[str, set[str]], above: frozenset[str]) -> set[str]:
    found: set[str] = set()
    for word in direct.get(name, ()):
        if not word.startswith("@"):
            found.add(word)
        elif word not in above:
            found |= _calls(word, direct, above | {name})
    return found


def families(calls: Collection[str], sets: Mapping[str, frozenset[str]]) -> Mapping[str, tuple[str, ...]]:
    """Return which of CALLS are in each of SETS, by name of the set; those with none of them are left out."""
    found = {name: tuple(sorted(members & set(calls))) for name, members in sets.items() if name != _EVERY}
    return {name: some for name, some in sorted(found.items()) if some}


def filter_words(
    calls: Collection[str],
    sets: Mapping[str, frozenset[str]],
    there: Collection[str] = (),
    price: float = EXCESS_PRICE,
) -> tuple[FilterWord, ...]:
    """Return the words that allow CALLS: sets and single calls, as few and with as little excess as can be.

    What is best is solved exactly: words + PRICE x calls that nobody made. THERE are the calls of the architecture;
    names of others do no harm and count as no excess. Without THERE every name counts. What an allow list has
    anyway needs no word.
    """
    always = sets.get(ALWAYS, frozenset())
    wanted = sorted(set(calls) - always)
    options = [Option(call, frozenset({(call,)})) for call in wanted]
    for name, members in sets.items():
        real = members - always
        covers = real & set(wanted)
        if name in {ALWAYS, _EVERY} or len(covers) < 2:
            continue
        beside = {call for call in real - covers if not there or call in there}
        options.append(Option(name, _items(covers), excess=_items(beside)))
    chosen = cover([(call,) for call in wanted], options, price)
    return tuple(
        FilterWord(option.name, _names(option.covers), _names(option.excess))
        for option in sorted(chosen.options, key=lambda option: (not option.name.startswith("@"), option.name))
    )


def _items(calls: Collection[str]) -> frozenset[Item]:
    return frozenset((call,) for call in calls)


def _names(items: Collection[Item]) -> tuple[str, ...]:
    return tuple(sorted(item[0] for item in items))
