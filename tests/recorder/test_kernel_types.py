# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from policytool.recorder.kernel_types import KernelTypes

SOURCE = """
enum kind { SMALL, LARGE = 1 << 20 };
union either { long number; char text[24]; };
struct inner { int first; enum kind kind; void (*call)(int, const char *); };
struct outer {
    unsigned flags : 3;
    unsigned rest : 29;
    struct inner inner;
    struct { int hidden; union { long deep; char bytes[3]; }; };
    union either either;
    volatile const struct outer *next;
};
struct outer used;
int function(struct outer *o, enum kind k) { return o->inner.first + k; }
"""


@pytest.fixture(scope="module")
def types(tmp_path_factory: pytest.TempPathFactory) -> KernelTypes:
    """The types of a program of ours, as a real compiler describes them."""
    if not (shutil.which("gcc") and shutil.which("objcopy")):
        pytest.skip("gcc and objcopy are needed")
    folder = tmp_path_factory.mktemp("btf")
    (folder / "types.c").write_text(SOURCE)
    for command in (
        ["gcc", "-gbtf", "-c", "types.c", "-o", "types.o"],
        ["objcopy", "-O", "binary", "--only-section=.BTF", "--set-section-flags", ".BTF=alloc", "types.o", "btf"],
    ):
        subprocess.run(command, cwd=folder, check=True)
    return KernelTypes((folder / "btf").read_bytes())


@pytest.mark.parametrize(
    ("structure", "member", "offset"),
    [
        ("inner", "first", 0),
        ("inner", "call", 8),
        ("outer", "inner", 8),
        ("outer", "hidden", 24),
        ("outer", "deep", 32),
        ("outer", "bytes", 32),
        ("outer", "either", 40),
        ("outer", "next", 64),
    ],
)
def test_members_are_found_where_the_compiler_puts_them(
    types: KernelTypes, structure: str, member: str, offset: int
) -> None:
    assert types.offset(structure, member) == offset


def test_what_is_not_there_is_an_error(types: KernelTypes) -> None:
    for structure, member in (("outer", "first"), ("other", "first"), ("either", "number")):
        with pytest.raises(KeyError):
            types.offset(structure, member)


@pytest.mark.parametrize("data", [b"", b"\x9f\xeb\x01", bytes(64)])
def test_other_data_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no BTF"):
        KernelTypes(data)


def test_the_running_kernel_is_read_where_it_describes_itself() -> None:
    path = Path("/sys/kernel/btf/vmlinux")
    if not path.is_file():
        pytest.skip("this kernel has no BTF")
    types = KernelTypes(path.read_bytes())
    assert types.offset("task_struct", "thread_info") == 0
    assert types.offset("mm_struct", "exe_file") > 0
