# SPDX-License-Identifier: GPL-2.0-or-later
"""What is left of a base without its rules, and what a link with that can tell. The modules are synthetic."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from policytool.toolchain.base import Base, base_cil, find_base
from policytool.toolchain.link import Linked, LinkFailed, link
from policytool.toolchain.outline import base_outline, outline

KEPT = """\
(type a_t)
(neverallow a_t b_t (file (write)))
(allowx a_t b_t (ioctl chr_file (0x1)))
(type c_t)(allow a_t c_t (file (read)))
(typeattributeset cil_gen_require d_t)(type e_t)
(filecon "/srv/(allow.*" any (system_u object_r a_t ((s0) (s0))))
(macro reads ((type domain))
    (allow domain a_t (file (read)))
)
(optional gives
    (typeattributeset cil_gen_require d_t)
    (typeattributeset domain (a_t))
)
"""
RULES = """\
(typeattributeset cil_gen_require d_t)
(allow a_t b_t (file (read open)))
(dontaudit a_t b_t (file (read)))
(auditallow a_t b_t (file (read)))
(booleanif (use_b)
    (true
        (allow a_t b_t (file (write)))
    )
)
(optional only_rules
    (typeattributeset cil_gen_require d_t)
    (allow a_t d_t (file (read)))
    (optional inner
        (roleattributeset cil_gen_require system_r)
        (booleanif (use_d)
            (true
                (allow a_t d_t (file (write)))
            )
        )
    )
)
"""


@pytest.mark.parametrize("text", [KEPT + RULES, RULES + KEPT])
def test_rules_go_and_all_else_stays(text: str) -> None:
    assert outline(text).split("\n") == [*KEPT.split("\n")]


def test_a_block_with_rules_and_more_keeps_what_switches_it_off() -> None:
    text = KEPT.replace(
        "    (typeattributeset domain", "    (allow a_t d_t (file (read)))\n    (typeattributeset domain"
    )
    assert text != KEPT
    assert outline(text) == KEPT


def test_what_never_ends_stays() -> None:
    assert outline("(type a_t)\n(optional x\n(type b_t)") == "(type a_t)\n(optional x\n(type b_t)\n"


@pytest.fixture(scope="module")
def reading_base(small_base: Base, tmp_path_factory: pytest.TempPathFactory) -> Base:
    folder = tmp_path_factory.mktemp("reading")
    for path in base_cil(small_base):
        shutil.copy(path, folder)
    lines = [
        "(typeattribute reads_shadow)",
        "(type reader_t)",
        "(type secret_t)",
        "(typeattributeset reads_shadow (reader_t))",
    ]
    lines += ["(neverallow own_t secret_t (file (read)))", "(allow reads_shadow secret_t (file (read)))"]
    (folder / "reads.cil").write_text("\n".join([*lines, "(type own_t)"]))
    return find_base(folder)


@pytest.mark.base
def test_an_attribute_that_brings_a_rule_of_the_base_under_neverallow_is_what_it_cannot_tell(
    reading_base: Base,
) -> None:
    module = {"own": "(typeattributeset reads_shadow (own_t))"}
    assert isinstance(link(reading_base, module), LinkFailed)
    assert isinstance(link(reading_base, module, outline=True), Linked)
    own_rule = {"own": "(allow own_t secret_t (file (read)))"}
    assert isinstance(link(reading_base, own_rule, outline=True), LinkFailed)


@pytest.mark.base
def test_a_bounded_type_is_judged_by_all_rules(reading_base: Base, tmp_path: Path) -> None:
    bounded = "(type bounded_t)(typebounds reader_t bounded_t)(allow bounded_t secret_t (file (read)))"
    assert isinstance(link(reading_base, {"bounded": bounded}, outline=True), Linked)
    for path in base_cil(reading_base):
        shutil.copy(path, tmp_path)
    (tmp_path / "bounds.cil").write_text("(type bounded_t)(typebounds reader_t bounded_t)")
    of_base = find_base(tmp_path)
    assert isinstance(link(of_base, {"own": "(allow bounded_t secret_t (file (read)))"}, outline=True), Linked)


@pytest.mark.base
def test_the_whole_base_is_shorter_and_labels_the_same() -> None:
    base = find_base()
    assert sum(map(_size, base_outline(base))) < sum(map(_size, base_cil(base))) / 3
    whole, short = link(base, {}), link(base, {}, outline=True)
    assert isinstance(whole, Linked)
    assert isinstance(short, Linked)
    assert short.file_contexts.read_bytes() == whole.file_contexts.read_bytes()


def _size(path: Path) -> int:
    return path.stat().st_size
