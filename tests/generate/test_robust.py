# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from policytool.generate.exact import exact
from policytool.generate.robust import Closed, Closing, Closure, close, closures, covering, numbered
from policytool.generate.skeleton import skeleton
from policytool.generate.triage import Cure, Triaged
from policytool.generate.writers.cil import write_cil
from policytool.generate.writers.te import write_te
from policytool.graph.permission_graph import build
from policytool.model.module import FileContext, FileKind, PolicyModule
from policytool.model.profile import Profile
from policytool.model.rules import TypeDeclaration
from policytool.policy.permission_sets import PermissionSet
from tests.synthetic import BASE, DAEMON, GREETER, context, vector

READ = PermissionSet("read_file_perms", frozenset({"getattr", "open", "read", "lock", "ioctl"}))
MAPPED = PermissionSet("mmap_read_file_perms", frozenset({"getattr", "open", "read", "map", "ioctl"}))
EXECUTED = PermissionSet("exec_file_perms", frozenset({"open", "read", "execute", "execute_no_trans"}))
CREATED = PermissionSet("create_file_perms", frozenset({"getattr", "create", "open"}))
MANAGED = PermissionSet(
    "manage_file_perms", frozenset({"create", "open", "read", "write", "unlink", "getattr", "lock"})
)
FILES = (CREATED, EXECUTED, MANAGED, MAPPED, READ)
BY = Closing({"file": FILES}, {"any4_t": "any6_t", "any6_t": "any4_t"})
BASE_TYPES = frozenset({"init_t", "etc_t", "tmp_t", "any4_t", "any6_t"})


def access(target: str, tclass: str, perm: str, cure: Cure = Cure.ALLOW, source: str = "greeterd_t") -> Triaged:
    return Triaged(vector(source, target, tclass, perm), cure)


def closed(*accesses: Triaged, own: frozenset[str] = frozenset()) -> set[tuple[str, str, str, Closure]]:
    found = closures("greeterd_t", own, accesses, BY)
    return {(*closed.vector.key[1:], closed.closure) for closed in found}


def module() -> PolicyModule:
    return skeleton(DAEMON, build(GREETER), BASE, extends=False)


def test_the_smallest_set_that_holds_what_was_seen() -> None:
    assert covering(frozenset({"open", "read"}), FILES) == (READ,), "of two equally small ones the shorter name"
    assert covering(frozenset({"open", "map"}), FILES) == (MAPPED,)
    assert covering(frozenset({"create", "read"}), FILES) == (CREATED, READ)
    assert covering(frozenset({"create", "read", "unlink"}), FILES) == (MANAGED,)
    assert covering(frozenset({"entrypoint"}), FILES) == ()
    assert covering(frozenset(), FILES) == ()


def test_an_ioctl_and_powers_of_another_kind_are_never_added() -> None:
    assert closed(access("etc_t", "file", "read")) == {
        ("etc_t", "file", perm, Closure.SET) for perm in ("getattr", "open", "lock")
    }
    only_executed = Closing({"file": (EXECUTED,)}, {})
    assert closures("greeterd_t", frozenset(), [access("etc_t", "file", "read")], only_executed) == ()


@given(
    st.frozensets(
        st.sampled_from(sorted(frozenset().union(*(permission_set.perms for permission_set in FILES)))), min_size=1
    ),
    st.sets(st.sampled_from(FILES)).map(lambda sets: tuple(sorted(sets))),
)
def test_no_other_choice_adds_less(seen: frozenset[str], sets: tuple[PermissionSet, ...]) -> None:
    """Against every subset of the sets, tried one by one."""
    from itertools import combinations

    guarded = {"execute", "execute_no_trans"}
    usable = [
        permission_set
        for permission_set in sets
        if permission_set.perms & seen and not (permission_set.perms & guarded) - seen
    ]
    wanted = seen & frozenset[str]().union(*(permission_set.perms for permission_set in usable))

    def added(chosen: tuple[PermissionSet, ...]) -> int:
        return len(frozenset[str]().union(*(permission_set.perms for permission_set in chosen)) - seen - {"ioctl"})

    every = (chosen for size in range(len(usable) + 1) for chosen in combinations(usable, size))
    least = min(
        added(chosen)
        for chosen in every
        if wanted <= frozenset[str]().union(*(permission_set.perms for permission_set in chosen))
    )
    found = covering(seen, sets)
    assert wanted <= frozenset[str]().union(*(permission_set.perms for permission_set in found))
    assert added(found) == least


def test_nothing_is_closed_where_something_was_refused_or_no_rule_is_needed() -> None:
    assert not closed(access("etc_t", "file", "read"), access("etc_t", "file", "write", Cure.REFUSED))
    assert not closed(access("etc_t", "file", "read", Cure.GRANTED))
    assert not closed(access("greeterd_t", "file", "read", source="virsh_t")), "what others do stays as seen"


def test_own_types_are_managed_and_those_of_others_are_not() -> None:
    seen = access("greeterd_runtime_t", "file", "create")
    own = closed(seen, own=frozenset({"greeterd_runtime_t"}))
    assert ("greeterd_runtime_t", "file", "unlink", Closure.OWN) in own
    assert "unlink" not in {perm for _, _, perm, _ in closed(seen)}


def test_what_is_added_can_be_removed() -> None:
    assert closed(access("var_run_t", "dir", "add_name")) == {("var_run_t", "dir", "remove_name", Closure.ENTRY)}
    both = (access("var_run_t", "dir", "add_name"), access("var_run_t", "dir", "remove_name"))
    assert not closed(*both)


def test_the_other_address_family() -> None:
    assert closed(access("any4_t", "tcp_socket", "node_bind")) == {
        ("any6_t", "tcp_socket", "node_bind", Closure.FAMILY)
    }


def test_each_closure_is_named_in_a_rule_of_its_own() -> None:
    triaged = [access("etc_t", "file", "read"), access("helloerd_t", "file", "read")]
    made = exact(module(), triaged, BASE_TYPES)
    robust = close(made, closures("greeterd_t", frozenset(), triaged, BY), BASE_TYPES)
    assert robust.profile is Profile.ROBUST
    assert [(rule.target, rule.perms, rule.reason) for rule in robust.rules] == [
        ("etc_t", ("read",), ""),
        ("etc_t", ("getattr", "lock", "open"), "robust: goes with read (read_file_perms)"),
    ]
    (block,) = robust.optionals
    assert [rule.perms for rule in block.rules] == [("read",), ("getattr", "lock", "open")]
    assert "# robust: goes with read (read_file_perms)\nallow greeterd_t etc_t:file" in write_te(robust)
    assert "(profile robust)" in write_te(robust)


def test_an_allowxperm_is_written_once_beside_the_ioctl() -> None:
    ioctl = Triaged(vector("greeterd_t", "etc_t", "chr_file", "ioctl", xperms=frozenset({0x5401})), Cure.ALLOW)
    triaged = [ioctl, access("etc_t", "chr_file", "read")]
    by = Closing({**BY.sets, "chr_file": FILES}, BY.twins)
    robust = close(
        exact(module(), triaged, BASE_TYPES), closures("greeterd_t", frozenset(), triaged, by), BASE_TYPES
    )
    assert len([rule for rule in robust.rules if rule.target == "etc_t"]) == 2
    assert write_te(robust).count("allowxperm") == 1
    assert write_cil(robust).count("(allowx ") == 1


def test_nothing_closed_changes_nothing_but_the_profile() -> None:
    made = exact(module(), [access("etc_t", "file", "read")], BASE_TYPES)
    no_closures: tuple[Closed, ...] = ()
    assert replace(close(made, no_closures, BASE_TYPES), profile=Profile.EXACT) == made


def test_numbered_siblings_of_own_paths() -> None:
    own = TypeDeclaration("greeterd_runtime_t", ("file_type",))
    made = replace(module(), types=(*module().types, own))

    def pattern(text: str, type_: str = "greeterd_runtime_t", kind: FileKind = FileKind.FILE) -> str:
        return numbered(FileContext(text, kind, context(type_)), made).pattern

    assert pattern(r"/run/greeterd/guest1\.pid") == r"/run/greeterd/guest[0-9]+\.pid"
    assert pattern("/run/greeterd/tap0") == "/run/greeterd/tap[0-9]+"
    assert pattern(r"/run/greeterd/1\.sock") == r"/run/greeterd/[0-9]+\.sock"
    for kept in (
        r"/run/x86_64\.sock",
        r"/usr/lib64/greeterd",
        "/run/greeterd(/.*)?",
        r"/run/a[0-9]+\.pid",
        "/run/a1/b2c3",
    ):
        assert pattern(kept) == kept
    assert pattern("/usr/sbin/greeterd2", "greeterd_exec_t") == "/usr/sbin/greeterd2"
    assert pattern("/run/tap0", "tmp_t") == "/run/tap0"
    assert pattern("/run/greeterd/tap0", kind=FileKind.DIR) == "/run/greeterd/tap0"


def test_what_left_with_a_helper_closes_nothing() -> None:
    daemons = access("etc_t", "file", "read")
    assert closed(daemons, access("etc_t", "file", "write", Cure.TRANSITION)) == closed(daemons)
    assert closed(daemons, access("etc_t", "file", "unlink", Cure.UNMAPPED)) == closed(daemons)


def test_where_anything_was_decided_against_nothing_is_closed() -> None:
    for cure in (Cure.REFUSED, Cure.BOOLEAN, Cure.DONTAUDIT, Cure.LABEL):
        assert not closed(access("etc_t", "file", "read"), access("etc_t", "file", "write", cure))
