# SPDX-License-Identifier: GPL-2.0-or-later
"""What is known of some modules is found out once, whoever asks: counted on a committed module and its trace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from policytool.cli.replay import replay
from policytool.errors import InputError, UsageError
from policytool.policy.compiled import CompiledPolicy
from policytool.toolchain import base as base_module
from policytool.toolchain.base import Base
from policytool.workflow import kept_traces, module_set
from policytool.workflow.module_set import ModuleSet

REPOSITORY = Path(__file__).parents[2]
TRACE = REPOSITORY / "traces" / "libvirt" / "virtlogd"
MODULE = REPOSITORY / "policies" / "virtlogd"


@pytest.mark.base
def test_replay_with_its_proof_does_everything_once(
    started_base: Base, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    counts: Counter[str] = Counter()

    def counted(holder: object, name: str) -> None:
        original: Callable[..., object] = getattr(holder, name)

        def count(*args: object, **kwargs: object) -> object:
            counts[name] += 1
            return original(*args, **kwargs)

        monkeypatch.setattr(holder, name, count)

    counted(base_module, "find_base")
    counted(kept_traces, "read_whole")
    for name in ("build", "read_evidence", "under_modules"):
        counted(module_set, name)
    opened: Counter[str] = Counter()
    init = CompiledPolicy.__init__

    def open_policy(self: CompiledPolicy, path: Path | str, *options: Any) -> None:
        opened[str(path)] += 1
        init(self, path, *options)

    monkeypatch.setattr(CompiledPolicy, "__init__", open_policy)
    # What can go is what other traces need.
    with pytest.raises(click.exceptions.Exit):
        replay([str(TRACE)], [MODULE], irreducible=True, base=started_base.path)
    printed = capsys.readouterr().out
    assert ", 0 denied, " in printed, "the module is enough without the others"
    assert "each needed by something seen" in printed
    assert counts == {"find_base": 1, "read_whole": 1, "build": 1, "read_evidence": 1, "under_modules": 1}
    # The base, the base with the module, and with the module's skeleton.
    assert sorted(opened.values()) == [1, 1, 1]


@pytest.mark.base
def test_modules_with_an_error_are_built_and_not_linked(small_base: Base, tmp_path: Path) -> None:
    (tmp_path / "wrong.cil").write_text("(allow a_t b_t (file (read)))")
    modules = ModuleSet([tmp_path], small_base)
    assert modules.built.findings
    with pytest.raises(InputError, match=r"wrong\.cil:1: .*policytool check says more"):
        _ = modules.policy


@pytest.mark.base
def test_a_module_that_tells_no_domain_has_to_be_named(small_base: Base, tmp_path: Path) -> None:
    (tmp_path / "rule.cil").write_text("(allow init_t kernel_t (file (read)))")
    modules = ModuleSet([tmp_path], small_base)
    assert (modules.about, modules.domains, modules.declared_by) == (frozenset(), frozenset(), {})
    with pytest.raises(UsageError, match="rule declares no type"):
        _ = modules.subjects
