# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytool.model.context import is_identifier
from policytool.model.xperm_names import xperm_name, xperm_number
from policytool.traces.bundle.bundle import read_trace
from tests.traces.test_lab_logs import TRACES


# The numbers are those of the headers named; each was looked up there by hand.
@pytest.mark.parametrize(
    ("number", "tclass", "target", "name"),
    [
        (0x5401, "file", "proc_t", "TCGETS"),
        (0x5413, "chr_file", "user_devpts_t", "TIOCGWINSZ"),
        (0xAE01, "chr_file", "kvm_device_t", "KVM_CREATE_VM"),
        (0x54CA, "chr_file", "tun_tap_device_t", "TUNSETIFF"),
        (0x8913, "udp_socket", "blue_t", "SIOCGIFFLAGS"),
        (0x89A2, "unix_dgram_socket", "blue_t", "SIOCBRADDIF"),
        (0xFD00, "chr_file", "lvm_control_t", "DM_VERSION"),
        (0x4C00, "blk_file", "fixed_disk_device_t", "LOADPIN_IOC_SET_TRUSTED_VERITY_DIGESTS or LOOP_SET_FD"),
        (16, "netlink_route_socket", "blue_t", "RTM_NEWLINK"),
        (16, "netlink_xfrm_socket", "blue_t", "XFRM_MSG_NEWSA"),
        (16, "netlink_generic_socket", "blue_t", "GENL_ID_CTRL"),
        (1000, "netlink_audit_socket", "blue_t", "AUDIT_GET"),
        (3, "netlink_route_socket", "blue_t", "NLMSG_DONE"),
        (999, "netlink_route_socket", "blue_t", "message type 999"),
        (0x1234, "chr_file", "red_t", "type 0x12, number 52"),
        (0x7A05, "chr_file", "red_t", "type 0x7a 'z', number 5"),
        (0xC0287A05, "chr_file", "red_t", "type 0x7a 'z', number 5, read and write, 40 bytes"),
        (0x80045430, "chr_file", "ptmx_t", "TIOCGPTN (type 0x54 'T', number 48, read, 4 bytes)"),
    ],
)
def test_commands_and_messages_have_the_names_of_the_headers(
    number: int, tclass: str, target: str, name: str
) -> None:
    assert xperm_name(number, tclass, target) == name


@given(st.integers(0, 2**64), st.sampled_from(["file", "udp_socket", "netlink_route_socket"]), st.text())
def test_every_number_has_words(number: int, tclass: str, target: str) -> None:
    name = xperm_name(number, tclass, target)
    assert name
    assert name.isascii()
    assert name.isprintable()


def test_every_command_of_the_complete_recording_has_a_name() -> None:
    vectors = read_trace(str(TRACES / "complete")).vectors
    named = {
        (number, xperm_name(number, vector.tclass, vector.target.type_))
        for vector in vectors
        for number in vector.xperms
    }
    assert len(named) >= 29
    assert all(is_identifier(name) for _, name in named), sorted(named)


@pytest.mark.parametrize(
    ("name", "tclass", "number"),
    [
        ("TCGETS", "chr_file", 0x5401),
        ("SIOCGIFNAME", "unix_dgram_socket", 0x8910),
        ("RTM_GETADDR", "netlink_route_socket", 22),
        ("AUDIT_GET", "netlink_audit_socket", 1000),
        ("NLMSG_DONE", "netlink_route_socket", 3),
        ("NO_SUCH_COMMAND", "chr_file", None),
        ("AUDIT_GET", "netlink_route_socket", None),
    ],
)
def test_the_number_of_a_name(name: str, tclass: str, number: int | None) -> None:
    assert xperm_number(name, tclass) == number
