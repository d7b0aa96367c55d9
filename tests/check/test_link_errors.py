# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages as secilc 3.4 printed them."""

from __future__ import annotations

from policytool.check.link_errors import FailureKind, LinkFailure, link_failures

NEVERALLOW = """\
neverallow check failed at base/base.cil:6252
  (neverallow base_typeattr_5 memory_device_t (chr_file (write append)))
    <root>
    allow at nev.cil:1
      (allow aa_t memory_device_t (chr_file (read write)))

neverallow check failed at base/base.cil:5136
  (neverallow base_typeattr_1 shadow_t (file (read)))
    <root>
    optional some at nev.cil:2
    allow at nev.cil:3
      (allow aa_t shadow_t (file (read)))

Failed to generate binary
Failed to build policydb
"""


def only(text: str) -> LinkFailure:
    (failure,) = link_failures(text)
    return failure


def test_every_offending_allow_is_found() -> None:
    assert [
        (failure.kind, failure.module, failure.line, failure.statement) for failure in link_failures(NEVERALLOW)
    ] == [
        (FailureKind.NEVERALLOW, "nev", 1, "(allow aa_t memory_device_t (chr_file (read write)))"),
        (FailureKind.NEVERALLOW, "nev", 3, "(allow aa_t shadow_t (file (read)))"),
    ]


def test_bounds() -> None:
    failure = only(
        "Child type a_t exceeds bounds of parent sshd_t\n  (allow a_t shadow_t (file (write)))\n    <root>\n"
        "    allow at b.cil:1\n      (allow a_t shadow_t (file (write)))\nFailed to generate binary\n"
    )
    assert (failure.kind, failure.module, failure.line) == (FailureKind.BOUNDS, "b", 1)


def test_redeclaration() -> None:
    failure = only(
        "Re-declaration of type virtlogd_t\nPrevious declaration of type at dup.cil:1\n"
        "Bad type declaration at dup.cil:1\nFailed to build AST\nFailed to compile cildb: -1\n"
    )
    assert failure.kind is FailureKind.DUPLICATE
    assert (failure.module, failure.line, failure.statement) == ("dup", 1, "virtlogd_t")


def test_unresolved_with_its_cause() -> None:
    failure = only(
        "Failed to resolve permission nosuchperm\nFailed to resolve allow statement at perm.cil:7\n"
        "Failed to resolve AST\nFailed to compile cildb: -2\n"
    )
    assert (failure.kind, failure.module, failure.line) == (FailureKind.UNRESOLVED, "perm", 7)
    assert "nosuchperm" in failure.message


def test_filecon() -> None:
    failure = only("Type a_t is invalid for role object_r\nInvalid context\nInvalid filecon at f.cil:3\n")
    assert (failure.kind, failure.module, failure.line) == (FailureKind.FILECON, "f", 3)


def test_conflicting_transition() -> None:
    failure = only(
        "Conflicting type rules (scontext=init_t tcontext=x_t tclass=process result=a_t), existing=b_t\n"
        "Expanded from type rule (scontext=init_t tcontext=x_t tclass=process result=a_t)\n"
        "Binary policy creation failed at w.cil:3\nFailed to generate binary\n"
    )
    assert (failure.kind, failure.module, failure.line, failure.against) == (FailureKind.CONFLICT, "w", 3, "b_t")


def test_syntax() -> None:
    failure = only("Open parenthesis without matching close at line 2 of syn.cil\nFailure adding syn.cil\n")
    assert (failure.kind, failure.module, failure.line) == (FailureKind.SYNTAX, "syn", 2)
    assert only("Error: Unknown keyword blablah\nFailed to build AST\n").statement == "blablah"
    assert only("Invalid syntax\nBad allow rule at sens.cil:1\nFailed to build AST\n").line == 1


def test_what_is_not_known_is_kept_as_it_is_and_silence_is_nothing() -> None:
    assert only("Failed to open file: No space left on device\n").kind is FailureKind.OTHER
    assert link_failures("") == ()
