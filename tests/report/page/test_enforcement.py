# SPDX-License-Identifier: GPL-2.0-or-later
"""The document of the last whole run, and texts that are none (synthetic)."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from policytool.report.page.enforcement import EnforcementError, read_enforcement
from tests.cli.run_policytool import REPOSITORY

DOCUMENT = REPOSITORY / "docs" / "enforcement.json"


def test_the_shipped_document_is_read() -> None:
    found = read_enforcement(DOCUMENT.read_text())
    assert sum(boot.ok + boot.failed for boot in found.boots) == found.steps
    assert sum(boot.denials for boot in found.boots) == found.denials
    assert found.kernel


def test_modules_are_those_of_the_run_if_their_evidence_is() -> None:
    about = {"kernel": "6", "steps": 1, "failed": 0, "denials": 0, "batches": {}}
    digest = sha256(b"x").hexdigest()
    found = read_enforcement(json.dumps({**about, "hashes": {"evidence a": digest, "loaded a": "0"}}))
    assert found.unchanged({"a": b"x", "b": b"x"}) == 1
    assert found.unchanged({"a": b"y"}) == 0


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"batches": {"a": {}}}', '{"batches": [], "hashes": {}}'])
def test_anything_else_is_no_such_document(text: str) -> None:
    with pytest.raises(EnforcementError):
        read_enforcement(text)
