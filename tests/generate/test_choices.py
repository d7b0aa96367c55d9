# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from policytool.generate.choices import Accepted, Choices, ChoicesError, child_of, read_accepted
from policytool.model.daemon import Daemon
from policytool.model.program import Child

GOOD = """
[[accept]]
id = "R-execmem"
reason = '''
QEMU translates code,
  and probing runs it in the daemon's domain
'''
"""


def test_an_acceptance_has_an_id_and_a_reason() -> None:
    told = {"R-execmem": "QEMU translates code, and probing runs it in the daemon's domain"}
    assert read_accepted(GOOD) == Accepted(told, {})
    assert read_accepted("") == Accepted({}, {})


def test_what_is_kept_is_an_access_and_has_a_reason() -> None:
    text = "[[keep]]\naccess = 'a_t self:capability audit_write kill'\nreason = 'no step looks at the audit log'"
    why = "no step looks at the audit log"
    assert read_accepted(text).kept == {("a_t", "a_t", "capability", perm): why for perm in ("audit_write", "kill")}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[accept]]\nid = 'R-execmem'", "id and reason"),
        ("[[accept]]\nid = 'R-execmem'\nreason = ' '", "a reason says something"),
        ("[[accept]]\nid = 'R-execmem'\nreason = 'x'\nwho = 'me'", "nothing else"),
        ("[[accept]]\nid = 'R-exec-mem'\nreason = 'x'", "'R-exec-mem' is not the id of anything that is refused"),
        ("[[accept]]\nid = 'R-ptrace'\nreason = 'x'", "R-ptrace:TYPE"),
        ("[[accept]]\nid = 7\nreason = 'x'", "must be texts"),
        ("accept = 'R-execmem'", "list of tables"),
        ("accept = ['R-execmem']", "id and reason"),
        ("[[accepted]]\nid = 'R-execmem'\nreason = 'x'", "unknown key 'accepted'"),
        ("[[accept]\n", "not TOML"),
        (GOOD + GOOD, "R-execmem is in two tables [[accept]]"),
        ("[[keep]]\naccess = 'a_t capability kill'\nreason = 'x'", "'SOURCE TARGET:CLASS PERM...'"),
        ("[[keep]]\naccess = 'a_t b_t:file read'", "access and reason"),
    ],
)
def test_anything_else_says_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(ChoicesError) as error:
        read_accepted(text)
    assert says in str(error.value)


def test_the_command_line_is_for_every_daemon_and_a_file_for_one() -> None:
    choices = Choices({"": {"R-execmod": "now"}, "greeterd": {"R-execmem": "why"}})
    assert choices.accepted_by("greeterd") == {"R-execmod": "now", "R-execmem": "why"}
    assert choices.accepted_by("other") == {"R-execmod": "now"}


def test_a_child_domain_is_named_after_daemon_and_program() -> None:
    daemon = Daemon("alphad", "alphad_t", "alphad_exec_t")
    path = "/usr/lib/alpha/Alpha-tool.2"
    assert child_of(daemon, path) == Child("alphad_t", path, "alphad_alpha_tool_2_t", "alphad_alpha_tool_2_exec_t")


@pytest.mark.parametrize("path", ["", "tool", "/usr/bin/", "/usr/bin/a b", "/usr/bin/a(.*)", "/usr/dnl/tool"])
def test_a_path_that_is_not_plain_gets_no_child_domain(path: str) -> None:
    with pytest.raises(ChoicesError, match="plain absolute path"):
        child_of(Daemon("alphad", "alphad_t", "alphad_exec_t"), path)
