# SPDX-License-Identifier: GPL-2.0-or-later
"""Logs of `cases_synthetic`, each of a kind that went wrong once, through the whole reader of a log."""

from __future__ import annotations

from pathlib import Path

import pytest

from policytool.model.event import UnreadKind
from policytool.traces.bundle.bundle import read_trace
from tests.traces.reading import read

CASES = Path(__file__).parent / "cases_synthetic"


def vectors(name: str) -> set[str]:
    return {
        f"{vector.source.type_} {vector.target.type_}:{vector.tclass} {vector.perm}"
        for vector in read_trace(str(CASES / name)).vectors
    }


def test_every_prefix_of_kernels_and_phones() -> None:
    assert vectors("prefixes.log") == {f"zygote t{number}:file getattr" for number in range(35)}


def test_times_of_dmesg() -> None:
    assert vectors("dmesg.log") == {f"chronyd_t default_t:file {perm}" for perm in ("read", "write", "open")}


def test_months_in_any_language() -> None:
    perms = ("read", "write", "append", "open", "lock", "getattr")
    assert vectors("languages.log") == {f"chronyd_t usr_t:file {perm}" for perm in perms}
    assert read_trace(str(CASES / "languages.log")).unread_counts == ()


def test_two_interpreted_records_on_one_line() -> None:
    assert vectors("flattened.log") == {
        "postfix_smtpd_t postgresql_var_run_t:sock_file write",
        "postfix_master_t postgresql_t:unix_stream_socket connectto",
    }


@pytest.mark.parametrize("name", ["hidden.log", "flipped.log"])
def test_what_another_program_wrote_changes_no_record(name: str) -> None:
    lines = (CASES / name).read_text("utf-8").splitlines()
    events, unread = read(*lines)
    alone, none = read(lines[0])
    assert events == alone
    assert none == []
    assert [(place.location.line, place.kind) for place in unread] == [(2, UnreadKind.NOT_A_RECORD)]
