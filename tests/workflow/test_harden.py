# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from policytool.errors import InputError
from policytool.hardening.call_settings import RecordedCalls
from policytool.hardening.drop_in import drop_in_text
from policytool.hardening.settings import Setting
from policytool.model.access import AccessVector
from policytool.policy.compiled import CompiledPolicy
from policytool.traces.tally.system_calls import CAPABILITIES, SystemCall
from policytool.workflow.harden import Hardened, harden
from tests.policy.tiny import POLICIES, compile_cil
from tests.synthetic import vector

# Synthetic: what a daemon in complete mode always shows of itself.
RECORDED = vector("greeterd_t", "greeterd_t", "process", "fork", syscall="clone")
STARTED = vector("start_t", "greeterd_t", "process", "transition", program="/usr/sbin/greeterd", syscall="execve")
HELPER = [
    vector("greeterd_t", "helper_t", "process", "transition", program="/usr/bin/help", syscall="execve"),
    vector("helper_t", "helper_t", "process", "fork", program="/usr/bin/help", syscall="clone"),
    vector("helper_t", "helper_t", "capability", "chown", count=3, program="/usr/bin/help", syscall="fchownat"),
]


def _guest() -> AccessVector:
    entered = vector("greeterd_t", "guest_t", "process", "transition", program="/usr/bin/guest", syscall="execve")
    return replace(entered, target=replace(entered.target, range_="s0:c1,c2"))


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> CompiledPolicy:
    return CompiledPolicy(compile_cil(tmp_path_factory.mktemp("nnp"), POLICIES / "no_new_privileges.cil"))


def _made(
    policy: CompiledPolicy,
    *vectors: AccessVector,
    calls: RecordedCalls | None = None,
    sets: Mapping[str, frozenset[str]] | None = None,
    commands: Sequence[str] = (),
) -> Hardened:
    return harden("greeterd_t", [RECORDED, STARTED, *vectors], calls, policy, sets or {}, True, commands)


def _of(made: Hardened, key: str) -> Setting:
    return next(setting for setting in made.settings if setting.key == key)


def _in_force(made: Hardened) -> set[str]:
    return {setting.key for setting in made.settings if not setting.held}


def test_a_helper_keeps_what_it_needs(policy: CompiledPolicy) -> None:
    made = _made(policy, *HELPER, vector("greeterd_t", "greeterd_t", "capability", "net_admin", syscall="sendmsg"))
    bounding = _of(made, "CapabilityBoundingSet")
    assert (bounding.value, bounding.held) == ("CAP_CHOWN CAP_NET_ADMIN", "")
    assert bounding.because[0] == "CAP_CHOWN: helper_t /usr/bin/help (3)"
    assert "RestrictAddressFamilies" in _in_force(made)
    assert _of(made, "RestrictAddressFamilies").value == "none"
    # Without a recording of calls there is no filter, and it says so.
    assert "--calls" in _of(made, "SystemCallFilter").held


@pytest.mark.parametrize(
    ("access", "key"),
    [
        (vector("helper_t", "lib_t", "file", "execmod", syscall="mprotect"), "MemoryDenyWriteExecute"),
        (vector("helper_t", "lib_t", "file", "execute", syscall="mprotect"), "MemoryDenyWriteExecute"),
        (vector("helper_t", "helper_t", "capability", "sys_admin", syscall="unshare"), "RestrictNamespaces"),
        (vector("helper_t", "helper_t", "socket", "create", syscall="socket"), "RestrictAddressFamilies"),
        (vector("helper_t", "helper_t", "process", "setsched", syscall="sched_setscheduler"), "RestrictRealtime"),
        (vector("helper_t", "helper_t", "capability", "sys_admin", syscall="sethostname"), "ProtectHostname"),
        (vector("helper_t", "home_t", "file", "read", path="/home/x/y"), "ProtectHome"),
        (vector("helper_t", "tmp_t", "file", "read", path="/var/tmp/y"), "PrivateTmp"),  # noqa: S108
        (vector("helper_t", "sysctl_t", "file", "write", path="/proc/sys/net/x"), "ProtectKernelTunables"),
        (vector("helper_t", "cgroup_t", "dir", "add_name", path="/sys/fs/cgroup/x"), "ProtectControlGroups"),
        (vector("helper_t", "helper_t", "capability", "sys_module", syscall="ioctl"), "ProtectKernelModules"),
        (vector("helper_t", "kernel_t", "system", "syslog_read", syscall="syslog"), "ProtectKernelLogs"),
        (vector("helper_t", "guest_t", "file", "read", path="/proc/9/stat"), "ProtectProc"),
        (vector("helper_t", "tape_t", "chr_file", "read", path="/dev/st0"), "PrivateDevices"),
        (vector("helper_t", "tape_t", "lnk_file", "read", path="/dev/disk/by-id/x"), "PrivateDevices"),
        (vector("helper_t", "helper_t", "capability", "sys_time", syscall="settimeofday"), "ProtectClock"),
        (vector("helper_t", "etc_t", "file", "write"), "ProtectSystem"),
        (vector("helper_t", "fs_t", "filesystem", "mount", syscall="mount"), "ProtectSystem"),
        (vector("helper_t", "fs_t", "filesystem", "mount", syscall="mount"), "PrivateDevices"),
        (vector("helper_t", "fs_t", "filesystem", "mount", syscall="mount"), "PrivateMounts"),
        (vector("helper_t", "helper_t", "udp_socket", "write", syscall="sendto"), "IPAddressDeny"),
    ],
)
def test_what_a_helper_needs_is_not_taken(policy: CompiledPolicy, access: AccessVector, key: str) -> None:
    assert key in _in_force(_made(policy, *HELPER))
    assert key not in _in_force(_made(policy, *HELPER, access))


def test_a_socket_that_sends_nothing_needs_no_address(policy: CompiledPolicy) -> None:
    asking = [vector("helper_t", "helper_t", "udp_socket", perm, syscall="ioctl") for perm in ("create", "ioctl")]
    made = _made(policy, *HELPER, *asking)
    assert "IPAddressDeny" in _in_force(made)
    assert _of(made, "RestrictAddressFamilies").value == "AF_INET AF_INET6"


def test_what_is_written_by_name_stays_writable(policy: CompiledPolicy) -> None:
    made = _made(
        policy,
        vector("greeterd_t", "var_lib_t", "dir", "add_name", path="/var/lib/greeterd/deep/er"),
        vector("greeterd_t", "etc_t", "file", "write", path="/etc/greeterd/x.conf"),
        # Through a descriptor that somebody else has opened: no mount is asked.
        vector("greeterd_t", "log_t", "file", "write", syscall="write", path="/srv/elsewhere/log"),
    )
    assert _of(made, "ReadWritePaths").value == "-/etc/greeterd -/var/lib/greeterd"
    assert {"ProtectSystem", "ReadWritePaths"} <= _in_force(made)


def test_devices_are_named_with_how_they_are_used(policy: CompiledPolicy) -> None:
    made = _made(
        policy,
        vector("greeterd_t", "tape_t", "chr_file", "read", path="/dev/st0"),
        vector("greeterd_t", "tape_t", "chr_file", "write", path="/dev/st0"),
        vector("greeterd_t", "null_t", "chr_file", "write", path="/dev/null"),
    )
    allowed = _of(made, "DeviceAllow")
    assert (allowed.value, allowed.held) == ("/dev/st0 rw", "")
    assert _of(made, "DevicePolicy").value == "closed"


def test_a_guest_counts_with_all_that_its_policy_allows(policy: CompiledPolicy) -> None:
    made = _made(policy, _guest(), vector("guest_t", "guest_t", "process", "fork"))
    bounding = _of(made, "CapabilityBoundingSet")
    assert (bounding.value, bounding.held) == ("CAP_NET_ADMIN", "")
    assert bounding.because == ("CAP_NET_ADMIN: guest_t (its policy allows it)",)
    assert _of(made, "RestrictAddressFamilies").value == "AF_PACKET AF_UNIX"
    for key in ("ProtectSystem", "ReadWritePaths", "PrivateTmp", "DevicePolicy", "PrivateDevices", "ProtectClock"):
        assert "guest_t" in _of(made, key).held
    made = _made(
        policy, _guest(), calls=RecordedCalls({SystemCall("greeterd_t", "", "read", "", ""): 1}, frozenset())
    )
    assert "guest_t" in _of(made, "SystemCallFilter").held


def test_a_descendant_that_nothing_bounds_holds_all_back(policy: CompiledPolicy) -> None:
    made = _made(policy, vector("greeterd_t", "strangerd_t", "process", "transition", syscall="execve"))
    assert "strangerd_t" in _of(made, "CapabilityBoundingSet").held
    assert _in_force(made) <= {"AmbientCapabilities", "NoNewPrivileges"}


def test_what_was_not_recorded_whole_takes_nothing_away(policy: CompiledPolicy) -> None:
    logged = vector("greeterd_t", "greeterd_t", "capability", "chown", complete=False)
    made = harden("greeterd_t", [logged], None, policy, {}, True)
    assert _in_force(made) == {"AmbientCapabilities"}
    with pytest.raises(InputError, match="nothing that helper_t did"):
        harden("helper_t", [logged], None, policy, {})


def test_no_new_privileges_is_the_policys_decision(policy: CompiledPolicy) -> None:
    allowed = _of(_made(policy, *HELPER), "NoNewPrivileges")
    assert not allowed.held
    bounded = vector("greeterd_t", "bounded_t", "process", "transition", syscall="execve")
    assert not _of(_made(policy, *HELPER, bounded), "NoNewPrivileges").held
    refused = _of(_made(policy, *HELPER, _guest()), "NoNewPrivileges")
    assert refused.held.endswith("greeterd_t to guest_t")
    assert "allow greeterd_t guest_t:process2 nnp_transition;" in refused.because


def _calls(*names: str, arch: Sequence[str] = ("x86_64",)) -> RecordedCalls:
    counted = {
        SystemCall(domain, "/usr/sbin/greeterd", name, "", ""): 2 for name in names for domain in ("greeterd_t",)
    }
    return RecordedCalls(counted, frozenset(arch))


def test_a_filter_needs_the_calls_of_every_descendant(policy: CompiledPolicy) -> None:
    sets = {"@small": frozenset({"mount", "umount2"}), "@default": frozenset({"clone", "execve"})}
    calls = _calls("mount", "umount2", "execve", "read")
    made = _made(policy, calls=calls, sets=sets)
    filter_ = _of(made, "SystemCallFilter")
    assert (filter_.value, filter_.held) == ("@small read", "")
    assert _of(made, "SystemCallArchitectures").held == ""
    assert "helper_t" in _of(_made(policy, *HELPER, calls=calls, sets=sets), "SystemCallFilter").held
    late = replace(calls, counted={SystemCall("", "", "read", "", ""): 1}, from_start=False)
    assert "began while" in _of(_made(policy, calls=late, sets=sets), "SystemCallFilter").held


def test_a_hostile_name_stays_in_its_comment(policy: CompiledPolicy) -> None:
    evil = "/var/lib/x\nExecStart=/bin/evil\\"
    made = _made(
        policy,
        vector("greeterd_t", "etc_t", "file", "write", path=evil),
        vector("greeterd_t", "greeterd_t", "capability", "chown", program=evil, syscall="chown"),
    )
    text = drop_in_text(made.settings, made.tree, [f"of {evil}"])
    assert not [line for line in text.splitlines() if line.startswith("ExecStart")]
    assert not [line for line in text.splitlines() if line.endswith("\\")]


READ = SystemCall("greeterd_t", "/usr/sbin/greeterd", "read", "", "")
KILL = SystemCall("initrc_t", "/usr/bin/kill", "kill", "SIGHUP", "")


def _filter(made: Hardened) -> tuple[set[str], str]:
    found = _of(made, "SystemCallFilter")
    return set(found.value.split()), found.held


def test_a_call_that_only_the_accesses_show_is_in_the_filter(policy: CompiledPolicy) -> None:
    calls = RecordedCalls({READ: 1}, frozenset({"x86_64"}))
    made = _made(policy, calls=calls)
    assert _filter(made) == ({"read", "clone"}, "")
    assert "not in the recording of calls, but in that of accesses: clone" in _of(made, "SystemCallFilter").because
    assert set(made.calls) == {"read", "clone"}
    # What is always allowed is no news.
    always = _made(policy, calls=calls, sets={"@default": frozenset({"clone"})})
    assert _filter(always) == ({"read"}, "")
    assert not any("accesses" in text for text in _of(always, "SystemCallFilter").because)


def test_what_the_unit_runs_besides_the_daemon_keeps_its_calls(policy: CompiledPolicy) -> None:
    calls = RecordedCalls({READ: 1, KILL: 1}, frozenset({"x86_64"}))
    assert _filter(_made(policy, calls=calls)) == ({"read", "clone"}, ""), "it is not of this unit"
    made = _made(policy, calls=calls, commands=["/bin/kill"])
    assert _filter(made) == ({"read", "clone", "kill"}, "")
    assert any(text.startswith("kill (/usr/bin/kill)") for text in _of(made, "SystemCallFilter").because)
    unrun = _made(policy, calls=calls, commands=["/bin/kill", "/usr/bin/help"])
    assert "no call of /usr/bin/help was recorded" in _filter(unrun)[1]


def test_a_recording_that_lost_calls_makes_no_filter(policy: CompiledPolicy) -> None:
    made = _made(policy, calls=RecordedCalls({READ: 1}, frozenset({"x86_64"}), lost=2))
    assert _filter(made)[1] == "the recording lost 2 calls"


EXECMEM = vector("helper_t", "helper_t", "process", "execmem", syscall="mmap")
MAPPED = SystemCall("helper_t", "/usr/bin/help", "mmap", "PROT_EXEC|PROT_READ|PROT_WRITE", "")


@pytest.mark.parametrize(
    ("rule", "held"),
    [
        ("(allow helper_t self (process (execmem)))", True),
        ("(allow domain domain (process (execmem)))", True),
        ("(typepermissive helper_t)", True),
        ("(allow greeterd_t self (process (execmem)))", False),
    ],
)
def test_what_the_policy_refuses_anyway_is_no_need(tmp_path: Path, rule: str, held: bool) -> None:
    text = (POLICIES / "no_new_privileges.cil").read_text(encoding="ascii")
    (tmp_path / "more.cil").write_text(f"{text}{rule}\n", encoding="ascii")
    policy = CompiledPolicy(compile_cil(tmp_path, tmp_path / "more.cil"))
    calls = RecordedCalls({READ: 1, MAPPED: 8}, frozenset({"x86_64"}))
    setting = _of(_made(policy, *HELPER, EXECMEM, calls=calls), "MemoryDenyWriteExecute")
    assert bool(setting.held) is held
    refused = [text for text in setting.because if text.startswith("the policy refuses it anyway: ")]
    assert len(refused) == (0 if held else 2)
    # Without execmem asked for, it was another mapping (of a file, shared).
    assert _of(_made(policy, *HELPER, calls=calls), "MemoryDenyWriteExecute").held


def test_what_a_process_gives_itself_is_in_the_bounding_set(policy: CompiledPolicy) -> None:
    few = SystemCall("greeterd_t", "/usr/sbin/greeterd", "capset", "CAP_NET_ADMIN|CAP_SETPCAP CAP_BPF", "")
    most = replace(few, arguments="|".join(name for name in CAPABILITIES[:30] if name != "CAP_SYS_MODULE"))
    calls = RecordedCalls({READ: 1, few: 2, most: 1}, frozenset({"x86_64"}))
    setting = _of(_made(policy, calls=calls), "CapabilityBoundingSet")
    assert (setting.value, setting.held) == ("CAP_BPF CAP_NET_ADMIN CAP_SETPCAP", "")
    assert "CAP_BPF: greeterd_t /usr/sbin/greeterd (2)" in setting.because


def test_what_the_c_library_does_instead_of_clone3_is_in_the_filter(policy: CompiledPolicy) -> None:
    fork = SystemCall("greeterd_t", "/usr/sbin/greeterd", "clone3", "CLONE_THREAD", "")
    vectors = [STARTED, vector("greeterd_t", "greeterd_t", "process", "getsched", syscall="sched_getattr")]
    made = harden("greeterd_t", vectors, RecordedCalls({fork: 1}, frozenset({"x86_64"})), policy, {}, True)
    assert _filter(made) == ({"clone", "clone3", "sched_getattr"}, "")
    assert any(
        "RestrictNamespaces= lets another call fail: clone" in x for x in _of(made, "SystemCallFilter").because
    )
    assert "RestrictNamespaces" in _in_force(made), "which lets clone3 fail, so that clone is made"
