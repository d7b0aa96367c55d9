# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from policytool.errors import UsageError
from policytool.graph.permission_graph import build
from policytool.workflow.generate import describe
from tests.synthetic import GREETER, observations, vector


def test_an_unknown_daemon_is_described_by_its_entry_point() -> None:
    daemon = describe("greeterd_t", build(GREETER))
    assert (daemon.name, daemon.exec_type) == ("greeterd", "greeterd_exec_t")
    assert daemon.executables == ("/usr/sbin/greeterd",)


@pytest.mark.parametrize("path", ["/srv/x(.*)? <<none>>", "/srv/a\nb", "/srv/\u202ex", "relative", "/srv/a b", ""])
def test_a_hostile_entry_point_becomes_no_file_context(path: str) -> None:
    seen = observations(vector("greeterd_t", "tmp_t", "file", "entrypoint", path=path))
    assert describe("greeterd_t", build(seen)).executables == ()


def test_a_name_that_m4_would_run_is_refused() -> None:
    with pytest.raises(UsageError, match="macro of m4"):
        describe("dnl_t", build(observations(vector("dnl_t", "etc_t", "file", "read"))))
