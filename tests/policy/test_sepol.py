# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from policytool.errors import InputError, ToolFailedError
from policytool.policy import sepol
from policytool.policy.sepol import Reason, SepolPolicy, is_available
from tests.policy.tiny import POLICIES, compile_cil

ASKER, OBJECT = "wide:first:asker:s0", "wide:object_r:object:s0"


@pytest.fixture
def policy(tmp_path: Path) -> SepolPolicy:
    assert is_available(), "Debian 12 has libsepol 3.4"
    return SepolPolicy(compile_cil(tmp_path, POLICIES / "decide_causes.cil", neverallow=False))


def test_reasons_are_told(policy: SepolPolicy) -> None:
    assert not policy.ask(ASKER, OBJECT, "file", "read").reasons
    denied = policy.ask("wide:first:helper:s0", "wide:object_r:object:s0:c0", "file", "read")
    assert denied.reasons == Reason.CONSTRAINT
    assert "mlsconstrain" in denied.constraints
    without_rule = policy.ask("wide:first:helper:s0", "wide:object_r:object:s0:c0", "file", "write")
    assert without_rule.reasons == Reason.RULE, "constraints are looked at only where a rule allows it"


def test_what_it_does_not_know_is_an_error(policy: SepolPolicy, capfd: pytest.CaptureFixture[str]) -> None:
    for source, tclass, perm in ((ASKER, "file", "signal"), (ASKER, "fifo", "read"), ("a:b:c:s0", "file", "read")):
        with pytest.raises(ToolFailedError, match="libsepol has no answer"):
            policy.ask(source, OBJECT, tclass, perm)


def test_a_file_that_is_no_policy(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "policy").write_bytes(b"nothing")
    with pytest.raises(InputError, match="cannot read"):
        SepolPolicy(tmp_path / "policy")
    with pytest.raises(InputError, match="cannot be read"):
        SepolPolicy(tmp_path / "none")


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sepol._library.cache_clear()
    monkeypatch.setattr(sepol, "_LIBRARY", "libsepol.so.none")
    try:
        assert not is_available()
        with pytest.raises(ToolFailedError, match="apt install libsepol2"):
            SepolPolicy(tmp_path / "policy")
    finally:
        sepol._library.cache_clear()
