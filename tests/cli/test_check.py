# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from tests.cli.run_policytool import policytool

pytestmark = pytest.mark.base


def test_fast_says_that_the_rules_of_the_base_were_left_out() -> None:
    done = policytool("check", "--fast", "tests/policies/cil_good")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(" without its rules: 0 errors, 0 warnings\n")
    found = policytool("check", "--fast", "tests/policies/cil_neverallow")
    assert found.returncode == 1
    assert "E-neverallow" in found.stdout


@pytest.mark.parametrize("words", [("--against", "HEAD"), ("--assertions", "policies/assertions.toml")])
def test_fast_cannot_ask_what_is_allowed(words: tuple[str, str]) -> None:
    done = policytool("check", "--fast", "tests/policies/cil_good", *words)
    assert done.returncode == 2
    assert "--fast" in done.stderr
