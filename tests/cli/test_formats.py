# SPDX-License-Identifier: GPL-2.0-or-later
"""What was not understood is said, --strict is exit 3, SELINUX_ERR is shown; logs written by hand (synthetic)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policytool.cli.main import main
from tests.traces.reading import avc, record

ERROR = record(
    "SELINUX_ERR", "op=security_compute_sid invalid_context=u:r:blue_t scontext=u:r:red_t tclass=process"
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "synthetic.log"
    path.write_text(f"{avc()}\n{ERROR}\nnonsense\n{avc()[:90]}\n")
    return path


@pytest.mark.parametrize(
    "words",
    [
        ["access"],
        ["graph"],
        ["generate", "-o", "never-made"],
        ["replay", "--policy", "no-such-policy"],
        ["trace", "show"],
        ["trace", "import", "-o", "never-made"],
    ],
)
def test_strict_is_exit_3(words: list[str], log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, str(log), "--strict"]) == 3
    assert "not understood" in capsys.readouterr().err
    assert not Path("never-made").exists()


def test_what_was_not_understood_is_counted_by_kind_and_located(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trace", "import", str(log), "-o", str(log.parent / "bundle")]) == 0
    err = capsys.readouterr().err
    assert "2 lines or records were not understood (1 x not a record, 1 x truncated record)" in err
    assert main(["trace", "show", str(log)]) == 0
    out = capsys.readouterr().out
    assert "  not understood: 2\n    1 x not a record\n    1 x truncated record\n" in out
    assert "synthetic.log:3: not a record: nonsense" in out
    assert "synthetic.log:4: truncated record: AVC avc:" in out


def test_refusals_are_shown_with_their_verdict(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["access", str(log)]) == 0
    assert "SELINUX_ERR, 1 x role: SELinux refused a role" in capsys.readouterr().err
    assert main(["trace", "show", str(log), "--json"]) == 0
    ((found,),) = [shown["refusals"] for shown in json.loads(capsys.readouterr().out)]
    assert (found["verdict"], found["op"], found["new"], found["count"]) == (
        "role",
        "security_compute_sid",
        "u:r:blue_t",
        1,
    )
