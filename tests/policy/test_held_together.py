# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from policytool.policy.compiled import CompiledPolicy
from policytool.policy.held_together import HeldTogether, dump, held_together, load
from tests.policy.tiny import BASE, POLICIES, compile_cil

DOMAINS = 20


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> HeldTogether:
    """Twenty domains that read a log; fifteen of them append to it, and all of them read its sibling."""
    folder = tmp_path_factory.mktemp("held")
    text = (POLICIES / "irreducible_base.cil").read_text()
    text += "(typeattribute many)(type log_t)(type spool_t)(type alone_t)"
    for number in range(DOMAINS):
        text += f"(type h{number}_t)(allow h{number}_t self (process (signal)))"
        text += f"(allow h{number}_t log_t (file (read open)))(allow h{number}_t spool_t (file (read open)))"
        if number < 15:
            text += f"(allow h{number}_t log_t (file (write)))"
    text += "(allow h0_t alone_t (file (write)))"
    # More types than a rule about one object names: who may read all files says nothing about any of them.
    text += "".join(f"(type t{number}_t)(typeattributeset many (t{number}_t))" for number in range(401))
    text += "(allow h1_t many (file (open)))"
    (folder / "held.cil").write_text(text)
    return held_together(CompiledPolicy(compile_cil(folder, folder / "held.cil")))


def test_what_is_held_beside_what_was_seen(found: HeldTogether) -> None:
    beside = found.beside({("file", "read"), ("file", "open")})
    assert {held: share.part for held, share in beside.items()} == {("file", "write"): 15 / 40}
    assert beside["file", "write"].pairs == 40
    assert found.beside({("file", "write")})["file", "read"].part == 15 / 16, "alone_t is written and not read"


def test_few_pairs_are_no_experience(found: HeldTogether) -> None:
    assert found.beside({("file", "read")})["file", "open"].pairs == 40
    assert not found.beside({("file", "entrypoint")})
    assert not found.beside(())


def test_rules_about_nearly_every_type_are_left_out(found: HeldTogether) -> None:
    assert int(found.counts.sum()) == 3 * DOMAINS + 2, "two types and itself, alone_t, and what the base has"


def test_siblings_are_types_on_which_the_same_is_held(found: HeldTogether) -> None:
    # 40 permissions on both, 55 on either.
    assert dict(found.siblings) == {"log_t": (("spool_t", 40 / 55),), "spool_t": (("log_t", 40 / 55),)}


def test_what_is_dumped_is_loaded(found: HeldTogether) -> None:
    again = load(dump(found))
    assert (again.columns, again.siblings) == (found.columns, found.siblings)
    assert (again.held == found.held).all()
    assert (again.counts == found.counts).all()


def test_a_policy_without_pairs(tmp_path: Path) -> None:
    empty = held_together(CompiledPolicy(compile_cil(tmp_path, POLICIES / "irreducible_base.cil")))
    assert not empty.siblings
    assert not empty.beside({("file", "read")})
    assert load(dump(empty)).columns == empty.columns


@pytest.mark.base
def test_who_adds_names_to_a_folder_of_the_distributions_policy_removes_them() -> None:
    beside = held_together(CompiledPolicy(BASE)).beside({("dir", "add_name"), ("dir", "write"), ("dir", "search")})
    assert beside["dir", "remove_name"].part > 0.9
    assert beside["dir", "remove_name"].pairs > 1000
