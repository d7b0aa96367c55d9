# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from policytool.hardening.call_sets import families, filter_words, read_sets
from policytool.toolchain.systemd_analyze import syscall_filter_text

SYNTHETIC = """@default
    # Always
    brk
    execve

@outer
    # With another set in it
    @inner
    chroot

@inner
    # Small
    mount
    umount2
    pivot_root

@loop
    @loop
    sync
# Ungrouped System Calls:
#   syslog
"""
SETS = read_sets(SYNTHETIC)


def test_sets_within_sets_are_unfolded() -> None:
    assert {
        "@default": {"brk", "execve"},
        "@outer": {"chroot", "mount", "umount2", "pivot_root"},
        "@inner": {"mount", "umount2", "pivot_root"},
        "@loop": {"sync"},
    } == SETS


def test_the_sets_of_the_systemd_that_is_here() -> None:
    sets = read_sets(syscall_filter_text())
    assert {"mount", "umount2"} <= sets["@mount"]
    assert sets["@mount"] < sets["@privileged"] | sets["@mount"]
    assert "execve" in sets["@default"]
    # A set of sets.
    assert sets["@io-event"] <= sets["@system-service"]


def test_a_set_is_taken_where_it_saves_words_and_its_excess_is_told() -> None:
    (word,) = filter_words({"brk", "mount", "umount2"}, SETS)
    assert (word.word, word.covers, word.excess) == ("@inner", ("mount", "umount2"), ("pivot_root",))
    # A dear excess is not worth a word.
    words = filter_words({"mount", "umount2"}, SETS, price=2)
    assert [word.word for word in words] == ["mount", "umount2"]


def test_names_of_other_machines_are_no_excess() -> None:
    (word,) = filter_words({"mount", "umount2"}, SETS, there={"mount", "umount2", "chroot"})
    assert word.excess == ()


@given(st.sets(st.sampled_from(sorted({"read", *(call for calls in SETS.values() for call in calls)}))))
def test_every_call_is_allowed_and_no_more_than_is_told(calls: set[str]) -> None:
    words = filter_words(calls, SETS)
    allowed = SETS["@default"].union(*(SETS.get(word.word, frozenset({word.word})) for word in words))
    told = set().union(*(word.covers + word.excess for word in words)) | SETS["@default"]
    assert calls <= allowed
    assert allowed == told


def test_families_of_calls() -> None:
    assert families({"chroot", "read"}, SETS) == {"@outer": ("chroot",)}
