# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from policytool.policy.permission_sets import PermissionSets, parse_permission_sets
from policytool.toolchain.headers import permission_sets_text

TEXT = """
# a synthetic file in the shape of refpolicy's
define(`dir_file_class_set', `{ dir file_class_set }')
define(`file_class_set', `{ file lnk_file }')
define(`stream_socket_class_set', `{ tcp_socket }')
define(`socket_class_set', `{ tcp_socket udp_socket netlink_route_socket }')
define(`create_socket_perms', `{ create rw_socket_perms }')
define(`rw_socket_perms', `{ read write }')
define(`rw_stream_socket_perms', `{ rw_socket_perms listen }')
define(`r_netlink_socket_perms', `{ rw_socket_perms nlmsg_read }')
define(`read_file_perms',`{ getattr open read }')
define(`read_lnk_file_perms',`{ getattr read }')
define(`r_sem_perms', `{ associate read }')
define(`manage_key_perms', `{ create link } ')
define(`one_perms', `{ two_perms }')
define(`two_perms', `{ one_perms }')
define(`not a definition
"""
FILE = frozenset({"getattr", "open", "read", "write"})


def names(sets: PermissionSets, tclass: str, *perms: str) -> list[str]:
    return [permission_set.name for permission_set in sets.of_class(tclass, frozenset(perms))]


def test_nested_names_are_expanded_in_any_order_and_rings_left_out() -> None:
    sets = parse_permission_sets(TEXT).sets
    assert sets["create_socket_perms"] == {"create", "read", "write"}
    assert sets["dir_file_class_set"] == {"dir", "file", "lnk_file"}
    assert sets["manage_key_perms"] == {"create", "link"}
    assert not {"one_perms", "two_perms"} & sets.keys()


def test_a_set_is_of_the_class_that_its_name_says() -> None:
    sets = parse_permission_sets(TEXT)
    assert names(sets, "file", *FILE) == ["read_file_perms"]
    assert names(sets, "lnk_file", *FILE) == ["read_lnk_file_perms"]
    assert names(sets, "sem", "associate", "read") == ["r_sem_perms"]
    assert names(sets, "process", *FILE) == []
    socket = ("create", "read", "write", "listen", "nlmsg_read")
    assert names(sets, "udp_socket", *socket) == ["create_socket_perms", "rw_socket_perms"]
    assert "rw_stream_socket_perms" in names(sets, "tcp_socket", *socket)
    assert "r_netlink_socket_perms" in names(sets, "netlink_route_socket", *socket)
    assert names(sets, "tcp_socket", "read", "write") == ["rw_socket_perms"], (
        "the class lacks the others' permissions"
    )


@pytest.mark.parametrize("text", ["", "define(`x', `{", "define(`x_perms', `{ }')", "\x00" * 10])
def test_other_text_has_no_sets(text: str) -> None:
    assert not any(parse_permission_sets(text).sets.values())


@pytest.mark.base
def test_the_sets_that_are_installed() -> None:
    sets = parse_permission_sets(permission_sets_text())
    assert {"getattr", "open", "read"} < sets.sets["read_file_perms"]
    manage = {"create", "getattr", "link", "open", "read", "rename", "setattr", "unlink", "write"}
    assert manage < sets.sets["manage_file_perms"]
    assert len(sets.sets) > 100
