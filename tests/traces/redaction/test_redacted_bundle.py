# SPDX-License-Identifier: GPL-2.0-or-later
"""Redaction: nothing private is left, and policy is not touched. The private names are invented (synthetic)."""

from __future__ import annotations

import ipaddress
import lzma
import re
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from policytool.errors import InputError
from policytool.model.event import TraceEvent
from policytool.model.observation import Observations
from policytool.toolchain.base import Base
from policytool.traces.bundle.bundle import read_manifest, read_trace
from policytool.traces.bundle.manifest import Facts, Recording
from policytool.traces.bundle.merged_bundle import merge_bundles
from policytool.traces.bundle.write import import_trace
from policytool.traces.formats.lines import read_events, read_records
from policytool.traces.redaction import pseudonyms as pseudonyms_module
from policytool.traces.redaction.pseudonyms import Pseudonyms
from policytool.traces.redaction.records import Redactor
from policytool.traces.redaction.redacted_bundle import redact_trace
from policytool.traces.redaction.texts import redact_arguments, redact_path
from policytool.workflow.generate import generate_modules
from tests.traces.formats.test_lines_properties import LINES
from tests.traces.reading import avc, record
from tests.traces.test_lab_logs import TRACES

# Every way in which a log names people, hosts and addresses, with names that were made up.
PRIVATE_LOG = (Path(__file__).parent / "private_synthetic.log").read_text("utf-8").split("\n")[:-1]

PRIVATE = (
    *("alice", "bob", "carol", "db1", "web7", "corp", "hunter2", "abc123", "pa55", "sw0rdfish"),
    *("1.2.3.4", "2001:db9", "01:02:0a:0b:0c:0d"),
)


def redacted(lines: list[str], *, every: bool = False) -> list[str]:
    redactor = Redactor(Pseudonyms(), every_argument=every)
    raw = [line.encode("utf-8", "surrogateescape") for line in lines]
    for read in read_records(raw, "x", lambda _: None):
        redactor.line(read)
    redactor.forget()
    return [
        redactor.line(record).decode("utf-8", "surrogateescape")
        for record in read_records(raw, "x", lambda _: None)
    ]


def readable(line: str) -> str:
    """Return LINE with every text in hexadecimal beside it decoded."""
    texts = [bytes.fromhex(word).decode("utf-8", "replace") for word in re.findall(r"=((?:[0-9A-F]{2}){4,})", line)]
    return " ".join((line, *texts))


def test_nothing_private_is_left() -> None:
    text = "\n".join(map(readable, redacted(PRIVATE_LOG)))
    for word in PRIVATE:
        assert word not in text, word
    for raw in ("01020304", "20010DB9", "01020A0B0C0D"):
        assert raw not in text, raw


def test_the_same_input_has_the_same_replacement_everywhere() -> None:
    lines = redacted(PRIVATE_LOG)
    text = "\n".join(map(readable, lines))
    for kept in (
        *("node=host1.domain1.example", "/home/user1/my file", 'name="user1"', 'AUID="user1"', "auid=user1"),
        *("/srv/user1/x", 'exe="/home/user1/bin/x"', "laddr=192.0.2.1", "saddr=02000035C0000201"),
        *("addr=192.0.2.1", 'a5="192.0.2.1:80"', "faddr=2001:db8::1", "00:00:5e:00:53:00"),
        *(
            "--password secret1",
            'a2="secret1"',
            "proctitle=x --password secret1",
            'UID="root"',
            "hostname=? addr=?",
        ),
    ):
        assert kept in text or kept in text.replace("\0", " "), kept


def test_what_a_reader_makes_of_it_differs_in_the_names_only() -> None:
    def observed(lines: list[str]) -> tuple[list[TraceEvent], Observations]:
        with TemporaryDirectory() as name:
            log = Path(name, "x.log")
            log.write_text("".join(f"{line}\n" for line in lines), "utf-8", "surrogateescape")
            return list(read_events(log.read_bytes().splitlines(), "x", lambda _: None)), read_trace(str(log))

    before, seen = observed(PRIVATE_LOG)
    after, again = observed(redacted(PRIVATE_LOG))
    assert [(event.key.timestamp, event.key.serial, event.records) for event in before[:-2]] == [
        (event.key.timestamp, event.key.serial, event.records) for event in after[:-2]
    ]
    assert policy_of(seen) == policy_of(again)
    assert again.unread_total == 0
    assert seen.unread_total == 1
    assert (before[-1].syscall and before[-1].syscall.name) == (after[-1].syscall and after[-1].syscall.name)


def policy_of(seen: Observations) -> Observations:
    """Leave out what redaction may change: programs, paths and hosts."""
    vectors = tuple(
        replace(vector, evidence=replace(vector.evidence, uses=(), hosts=())) for vector in seen.vectors
    )
    return replace(seen, vectors=vectors, hosts=(), traces=(), unread=(), unread_counts=())


@settings(deadline=None)
@example([b"t" + record("USER_AVC", "pid=1 msg='" + avc().partition("): ")[2] + ' exe="/x"\'\x1dUID="a"').encode()])
@example([b"CWD cwd=/w " + avc().encode()])
@given(st.lists(LINES, max_size=10))
def test_any_record_can_be_redacted_and_read_again(lines: list[bytes]) -> None:
    records = list(read_records(lines, "x", lambda _: None))
    redactor = Redactor(Pseudonyms())
    written = [redactor.line(record) for record in records]
    unread: list[object] = []
    again = list(read_records(written, "x", unread.append))
    assert unread == []
    assert [(record.kind, record.form) for record in again] == [(record.kind, record.form) for record in records]


_NAMES = st.text(alphabet="ab1.-u", min_size=1, max_size=6) | st.sampled_from(
    ["user1", "host1", "192.0.2.1", "root"]
)


@given(st.lists(_NAMES), st.lists(_NAMES), st.lists(st.ip_addresses()))
def test_replacements_are_consistent_and_never_meet(
    users: list[str], hosts: list[str], addresses: list[ipaddress.IPv4Address | ipaddress.IPv6Address]
) -> None:
    names = Pseudonyms()
    for pairs in (
        [(user, names.user(user)) for user in users * 2],
        [(host, names.host(host)) for host in hosts * 2],
        [(str(address), str(names.ip(address))) for address in addresses * 2],
    ):
        there = dict(pairs)
        assert all(there[old] == new for old, new in pairs)
        changed = {old: new for old, new in there.items() if old != new}
        assert len(set(changed.values())) == len(changed)


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["/usr/sbin/blued", "-f", "/etc/blued.conf"], None),
        (["/usr/bin/qemu", "-qmp", "unix:/var/lib/libvirt/q.monitor,server=on,wait=off"], None),
        (["ls", "--color=auto", "0000:00:1f.2", "1.2.3", "s0:c1,c2", "12:30:11", "compass: north"], None),
        (["ip", "addr", "add", "127.0.0.1/8", "::1", "224.0.0.1", "255.255.255.0"], None),
        (["getty", "getty@tty1.service"], None),
        (
            ["curl", "-u", "a:b", "-H", "Authorization: Bearer abcdefgh"],
            "curl -u secret1 -H Authorization: secret3 secret2",
        ),
        (
            ["x", "PGPASSWORD=a", "api_key: b", "--pass", "c"],
            "x PGPASSWORD=secret1 api_key: secret2 --pass secret3",
        ),
        (["x", "ghp_0123456789abcdefgh", "AKIA0123456789ABCDEF"], "x secret1 secret2"),
        (["ssh", "-l", "x", "~dave/key", "dave@1.2.3.4"], "ssh -l x ~user1/key user1@192.0.2.1"),
        (["sshpass", "-p", "a", "ssh"], "sshpass -p secret1 ssh"),
    ],
)
def test_arguments(words: list[str], kept: str | None) -> None:
    done = " ".join(redact_arguments(Pseudonyms(), words, every=False))
    assert done == (kept or " ".join(words))


def test_all_arguments_are_replaced_when_asked_for() -> None:
    text = "\n".join(map(readable, redacted(PRIVATE_LOG, every=True)))
    assert "--token" not in text
    assert 'a0="/usr/bin/mysql" a1="argument' in text


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/home/erin/x", "/home/user2/x"),
        ("/var/lib/lxc/c/rootfs/home/erin", "/var/lib/lxc/c/rootfs/home/user2"),
        ("home/erin", "home/user2"),
        ("/var/spool/cron/crontabs/erin", "/var/spool/cron/crontabs/user2"),
        ("/srv/dave/x", "/srv/user1/x"),
        ("dave", "user1"),
        ("/usr/lib/dave", "/usr/lib/dave"),
        ("/dave", "/dave"),
        ("/home", "/home"),
        ("/home/root/x", "/home/root/x"),
        ("/var/log/remote/db1/x", "/var/log/remote/host1/x"),
        ("/run/libvirt/virtqemud-sock", "/run/libvirt/virtqemud-sock"),
        ("/var/lib/dhcp/52:54:00:aa:bb:cc", "/var/lib/dhcp/00:00:5e:00:53:00"),
        ("52-54-00-aa-bb-cc", "00-00-5e-00-53-00"),
        ("/srv/2001:db9::7/x", "/srv/2001:db8::1/x"),
        ("/opt/tool/1.2.3.4/x", "/opt/tool/1.2.3.4/x"),
        ("/sys/bus/pci/0000:00:1f.2", "/sys/bus/pci/0000:00:1f.2"),
        ("", ""),
    ],
)
def test_paths(path: str, expected: str) -> None:
    names = Pseudonyms()
    names.user("dave", person=True)
    names.host("db1", own=True)
    assert redact_path(names, path) == expected


@pytest.mark.parametrize("name", ["permissive", "enforced-after-audit2allow"])
def test_a_recorded_trace_stays_the_same_for_policy(name: str, tmp_path: Path) -> None:
    manifest, _ = redact_trace(str(TRACES / name), tmp_path / "out", "out")
    before, after = read_trace(str(TRACES / name), strict=True), read_trace(str(tmp_path / "out"), strict=True)
    # Nothing in the lab's paths and programs is private, so that even the evidence is the same.
    assert after.vectors == before.vectors
    assert manifest == read_manifest(tmp_path / "out")
    assert manifest.redacted == 0
    assert manifest.records == before.records


@pytest.mark.base
def test_generate_gives_the_same_module_before_and_after(virt_base: Base, tmp_path: Path) -> None:
    # The recorded trace, as if its machine had a name, and a daemon's own files were in somebody's home.
    log = tmp_path / "private.log"
    with lzma.open(
        TRACES / "permissive" / "audit.log.xz", "rt", encoding="utf-8", errors="surrogateescape"
    ) as real:
        text = (
            real.read().replace("/var/lib/libvirt", "/home/alice/libvirt").replace('AUID="unset"', 'AUID="alice"')
        )
    log.write_text("".join(f"node=db1.corp {line}\n" for line in text.splitlines()), "utf-8", "surrogateescape")
    redact_trace(str(log), tmp_path / "out", "out")
    raw = lzma.decompress((tmp_path / "out" / "audit.log.xz").read_bytes())
    assert b"alice" not in raw
    assert b"db1" not in raw
    assert b"/home/user1/libvirt" in raw
    wanted = ["virtqemud_t", "virtnetworkd_t"]
    before = generate_modules(read_trace(str(log)), (), wanted, virt_base)
    after = generate_modules(read_trace(str(tmp_path / "out")), (), wanted, virt_base)
    for earlier, later in zip(before, after, strict=True):
        assert earlier.module.every_rule
        bare = [
            replace(
                candidate.module,
                traces=(),
                scenarios=(),
                recordings=(),
                rules=tuple(replace(rule, evidence=()) for rule in candidate.module.rules),
                optionals=tuple(
                    replace(block, rules=tuple(replace(rule, evidence=()) for rule in block.rules))
                    for block in candidate.module.optionals
                ),
            )
            for candidate in (earlier, later)
        ]
        assert bare[0] == bare[1]


def test_the_bundle_says_what_it_is_and_keeps_what_is_known(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("".join(f"{line}\n" for line in PRIVATE_LOG), "utf-8", "surrogateescape")
    facts = Facts(kernel="6.1", recording=Recording.COMPLETE, lost=0, scenario="alice at db1")
    import_trace([str(log)], tmp_path / "in", "hosts/db1", facts)
    manifest, counts = redact_trace(str(tmp_path / "in"), tmp_path / "out", "out")
    assert manifest.redacted == 1
    assert counts["users"] >= 3
    (file,) = manifest.evidence
    assert (file.recording, file.lost, file.trace) == (Recording.COMPLETE, 0, "hosts/host1")
    assert manifest.facts.scenario == "user1 at host1"
    assert {name for name, _ in manifest.hosts} == {"", "host1.domain1.example"}
    redact_trace(str(tmp_path / "in"), tmp_path / "again", "out")
    assert (tmp_path / "again" / "audit.log.xz").read_bytes() == (tmp_path / "out" / "audit.log.xz").read_bytes()
    with pytest.raises(InputError, match="exists already"):
        redact_trace(str(tmp_path / "in"), tmp_path / "out", "out")
    merge_bundles([tmp_path / "out", tmp_path / "in"], tmp_path / "both", "both")
    assert read_manifest(tmp_path / "both").redacted is None, "a part of it is not redacted"


def test_more_names_than_can_be_kept_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pseudonyms_module, "LIMIT", 3)
    names = Pseudonyms()
    for user in ("a", "b", "c", "a"):
        names.user(user)
    with pytest.raises(InputError, match="more than 3 different"):
        names.user("d")


def test_every_range_of_addresses_is_used_before_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pseudonyms_module, "_IPV4_RANGES", ("192.0.2.0/30", "198.51.100.0/30"))
    names = Pseudonyms()
    new = [str(names.ip(ipaddress.IPv4Address(f"10.0.0.{number}"))) for number in range(4)]
    assert new == ["192.0.2.1", "192.0.2.2", "198.51.100.1", "198.51.100.2"]
    monkeypatch.undo()
    sizes = [ipaddress.IPv4Network(network).num_addresses - 2 for network in pseudonyms_module._IPV4_RANGES]
    assert sum(sizes) > pseudonyms_module.LIMIT


@pytest.mark.parametrize(
    "filler", ["a-", "a@", "=", "password", "://a:", "1.", "ab:", "/home/", '"', "~", "a=", "00:", "41"]
)
def test_a_long_line_takes_time_in_proportion(filler: str) -> None:
    def seconds(size: int) -> float:
        text = filler * (size // len(filler))
        lines = [record("EXECVE", f'argc=1 a0="x" a1="{text}"'), record("USER_CMD", f"msg='cmd={text} x {text}'"),
                 avc(f"path={text} {text}")]  # fmt: skip
        start = time.process_time()
        redacted(lines)
        return time.process_time() - start

    seconds(1000)
    # Four times as long: going over all of it for every character would take sixteen times the time.
    assert seconds(40_000) < 9 * seconds(10_000) + 0.2
