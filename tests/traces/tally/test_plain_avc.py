# SPDX-License-Identifier: GPL-2.0-or-later
"""The usual form of AVC records is read as any form is."""

from __future__ import annotations

import lzma
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from policytool.model.event import Location
from policytool.traces.events.avc import read_decision
from policytool.traces.events.record import Form, decoded
from policytool.traces.tally.decision import Known, known
from policytool.traces.tally.plain_avc import plain_groups, read_plain
from tests.traces.reading import CONTEXTS

TRACES = Path(__file__).parents[3] / "traces" / "small"

# Whole fields, of which the usual ones come in the usual order more often than not.
_FIELDS = (
    'comm="blued" ',
    'comm="b d" ',
    "comm=6120 ",
    'comm="" ',
    'comm="a=b" ',
    'comm="{ x }" ',
    "capability=21  ",
    'path="/a/b" ',
    'path="/a (deleted)" ',
    'path="socket:[7]" ',
    'path="a' + '" ',
    'name="x (deleted)" ',
    'name="?" ',
    'dev="vda" ',
    "dev=vda ",
    "ino=17 ",
    "ino=99999999999999999999 ",
    "ioctlcmd=0x5401 ",
    "ioctlcmd=5401 ",
    "pid=3 ",
    'name="\xe9" ',
    "\x1d",
    "key=1 ",
    'name="scontext" ',
    'name="denied  { read } " ',
    " ",
)
_ENDS = (
    f"{CONTEXTS} tclass=file permissive=1",
    f"{CONTEXTS} tclass=file",
    f"{CONTEXTS} tclass=fil",
    f"{CONTEXTS} tclass=x9",
    f"{CONTEXTS} tclass=file permissive=0 srawcon=6162",
    f"{CONTEXTS} tclass=file permissive=2",
    "scontext=a:b tcontext=a:b:c tclass=file",
    "scontext=a:b:c:s0-s0:c0.c9 tcontext=a:b:c tclass=dir permissive=0",
    f"{CONTEXTS} tclass=file perm",
    f"scontext=a:b:c {CONTEXTS} tclass=file",
    f"{CONTEXTS} tclass=filetype permissive=1",
)
_PERMS = ("read", "read open", "read  open", "0x80", "", "_a", "Read", "read read", "a.b")


def _read(text: bytes) -> Known | None:
    groups = plain_groups(text)
    return None if groups is None else read_plain(groups)


def _says(found: Known | None) -> object:
    """Return all that a tally is told; of the access only what `Known` is for."""
    if found is None:
        return None
    decision = found.access
    access = (
        decision.result,
        decision.perms,
        decision.source,
        decision.target,
        decision.tclass,
        decision.permissive,
        decision.xperm,
    )
    return (access, found.exe, found.comm, found.path, found.name, found.dev, found.inode)


def _full_path(text: str) -> object:
    problems: list[object] = []
    found = read_decision(text.strip(), Location("", 0), Form.RAW, userspace=False, report=problems.append)
    if found is None or problems:
        return None
    return _says(known(found, found.exe, found.comm, found.path, found.name, found.dev, found.inode))


@given(
    st.sampled_from(["denied", "granted", "dropped"]),
    st.sampled_from(_PERMS),
    st.lists(st.integers(0, len(_FIELDS) - 1), max_size=6),
    st.booleans(),
    st.sampled_from(_ENDS),
)
def test_any_fields(verb: str, perms: str, places: list[int], in_order: bool, end: str) -> None:
    about = "".join(_FIELDS[place] for place in (sorted(set(places)) if in_order else places))
    text = f"avc:  {verb}  {{ {perms} }} for  pid=7 {about}{end}"
    found = _read(text.encode("utf-8", "surrogateescape"))
    assert found is None or _says(found) == _full_path(text)


def test_the_usual_form_is_read() -> None:
    about = 'pid=7 comm="a" path="/b" dev="vda" ino=1 ioctlcmd=0x12'
    text = f"avc:  denied  {{ read }} for  {about} {CONTEXTS} tclass=file"
    found = _read(text.encode() + b"\n")
    assert found is not None
    assert _says(found) == _full_path(text)
    assert (found.comm, found.path, found.dev, found.inode, found.access.xperm) == ("a", "/b", "vda", 1, 0x12)


def test_recorded_records() -> None:
    log = lzma.decompress((TRACES / "permissive" / "audit.log.xz").read_bytes())
    texts = set(re.findall(rb"type=AVC msg=audit\([^)]*\): (avc:  .*)", log))
    found = {text: _read(text) for text in texts}
    assert all(read is None or _says(read) == _full_path(decoded(text)) for text, read in found.items())
    # Nearly all have this form, or it would not be worth it.
    assert sum(read is not None for read in found.values()) > 0.95 * len(texts) > 100
