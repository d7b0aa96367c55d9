# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import lzma
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytool.errors import InputError
from policytool.traces.bundle.call_table import (
    CallTable,
    call_table_text,
    is_call_table,
    joined_tables,
    read_call_table,
)
from policytool.traces.tally.system_calls import SystemCall

OPEN = SystemCall("greeter_t", "/usr/sbin/greeterd", "openat", "O_RDONLY", "")
TABLE = CallTable({OPEN: 3}, frozenset({"x86_64"}), 0, 12, {"kernel": "6.1.0"})

texts = st.text(max_size=20)
tables = st.builds(
    CallTable,
    st.dictionaries(st.builds(SystemCall, texts, texts, texts, texts, texts), st.integers(1, 1 << 60), max_size=5),
    st.frozensets(texts, max_size=2),
    st.integers(0, 1 << 60),
    st.integers(0, 1 << 60),
    st.dictionaries(texts, texts, max_size=3),
)


def written(folder: Path, text: str) -> str:
    path = folder / "greeterd.calls"
    path.write_bytes(text.encode())
    return str(path)


@given(tables)
def test_a_table_comes_back_whatever_names_are_in_it(
    tmp_path_factory: pytest.TempPathFactory, table: CallTable
) -> None:
    path = written(tmp_path_factory.mktemp("table"), call_table_text(table))
    assert is_call_table(path)
    assert read_call_table(path) == table


def test_a_table_may_be_compressed(tmp_path: Path) -> None:
    path = tmp_path / "greeterd.calls.xz"
    path.write_bytes(lzma.compress(call_table_text(TABLE).encode()))
    assert is_call_table(str(path))
    assert read_call_table(str(path)) == TABLE


def test_a_program_whose_name_is_no_text_comes_back(tmp_path: Path) -> None:
    odd = CallTable({SystemCall("greeter_t", "/opt/\udcff\n[]", "read", "", "EIO"): 1}, frozenset(), 0, 0, {})
    assert read_call_table(written(tmp_path, call_table_text(odd))) == odd


def test_one_line_is_of_the_recording_and_one_of_each_kind_of_call() -> None:
    assert call_table_text(TABLE).splitlines() == [
        '{"calls": 1, "lost": 0, "unknown": 12, "architectures": ["x86_64"], "about": {"kernel": "6.1.0"}}',
        '["greeter_t", "/usr/sbin/greeterd", "openat", "O_RDONLY", "", 3]',
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no table"),
        ("[]\n", "no table"),
        ('{"calls": 2}\n', "no table"),
        ('{"calls": 1}\n', "incomplete"),
        (call_table_text(TABLE) + "{}\n", ":3: no line"),
        (call_table_text(TABLE) + '["", "", "", "", "", 0]\n', ":3: no line"),
        (call_table_text(TABLE) + '["", "", "", "", 1, 1]\n', ":3: no line"),
        (call_table_text(TABLE) + "[" * 100000 + "\n", ":3: no line"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_call_table(written(tmp_path, text))


def test_a_log_is_no_table(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    log.write_text("type=AVC msg=audit(1.1:1): avc:  denied\n")
    assert not is_call_table(str(log))
    assert not is_call_table("-")
    assert not is_call_table(str(tmp_path))


def test_tables_of_several_runs_are_one() -> None:
    other = replace(TABLE, lost=TABLE.lost + 2, about={**TABLE.about, "scenarios": "more"})
    both = joined_tables([TABLE, other])
    assert both.counted == {call: 2 * count for call, count in TABLE.counted.items()}
    assert (both.lost, both.unknown) == (2 * TABLE.lost + 2, 2 * TABLE.unknown)
    assert both.about["scenarios"].endswith("more")
    assert both.architectures == TABLE.architectures
    assert joined_tables([TABLE]) == TABLE
