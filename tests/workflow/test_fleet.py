# SPDX-License-Identifier: GPL-2.0-or-later
"""What the workers of a real cluster find is what one process finds, whatever happens to them."""

from __future__ import annotations

import importlib
import lzma
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import weakref
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from policytool.errors import InputError, UsageError
from policytool.model.observation import Observations
from policytool.model.selection import Selection
from policytool.traces.bundle.manifest import Facts
from policytool.traces.bundle.ranges import WARM_UP, Part
from policytool.traces.bundle.selected import read_selected
from policytool.traces.bundle.write import import_trace
from policytool.workflow import piece as on_worker
from policytool.workflow.cluster import Cluster, connected
from policytool.workflow.fleet import read_fleet
from tests.cli.run_policytool import policytool
from tests.traces.reading import avc
from tests.workflow.cluster_process import Processes, processes

TRACES = Path(__file__).parents[2] / "traces" / "small"
LOG = TRACES / "permissive" / "audit.log.xz"

# So small that the log of 300 kB is cut into a dozen pieces.
SMALL = 1 << 15


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    with processes(tmp_path_factory.mktemp("cluster"), 2) as started:
        yield started


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A third of a recording, with lines of nobody in several pieces: their numbers are told."""
    lines = lzma.decompress(LOG.read_bytes()).splitlines(keepends=True)
    del lines[len(lines) // 3 :]
    for place in (len(lines), len(lines) // 2, 10):
        lines.insert(place, b"nothing\n")
    path = tmp_path_factory.mktemp("logs") / "host.log"
    path.write_bytes(b"".join(lines) + avc().encode() + b"\n")
    return path


class _Ranges(SimpleHTTPRequestHandler):
    """Serves files, and parts of them if PARTS; what is asked for is remembered."""

    parts = True
    asked: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.asked.append(wanted)
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        data = path.read_bytes()
        begin, end = 0, len(data)
        if wanted and self.parts:
            first, last = wanted.removeprefix("bytes=").split("-")
            begin, end = int(first), min(int(last) + 1, len(data))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{len(data)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(end - begin))
        self.end_headers()
        self.wfile.write(data[begin:end])

    def end_headers(self) -> None:
        if self.parts:
            self.send_header("Accept-Ranges", "bytes")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _NoRanges(_Ranges):
    parts = False
    asked: ClassVar[list[str | None]] = []


@contextmanager
def served(folder: Path, handler: type[_Ranges]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://scott:tiger@127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def by_fleet(
    cluster: Processes, *paths: str | Path, selection: Selection | None = None, warm_up: int = WARM_UP
) -> tuple[Observations, list[tuple[int, int]]]:
    told: list[tuple[int, int]] = []
    with connected(cluster.address) as connection:
        seen = read_fleet(
            [str(path) for path in paths],
            connection,
            selection or Selection(),
            lambda done, pieces: told.append((done, pieces)),
            SMALL,
            warm_up,
        )
    return seen, told


def by_one(*paths: str | Path, selection: Selection | None = None) -> Observations:
    return Observations().merge(*(read_selected(str(path), selection or Selection()) for path in paths))


def test_a_log_that_is_cut_gives_what_one_process_finds(cluster: Processes, log: Path) -> None:
    seen, told = by_fleet(cluster, log)
    assert told[-1] == (told[0][1], told[0][1])
    assert told[0][1] > 8, "more pieces than are joined at a time"
    assert seen == by_one(log)
    assert seen.unread_total == 3


def test_a_worker_that_is_killed_half_way_changes_nothing(cluster: Processes, log: Path) -> None:
    Client: Any = importlib.import_module("distributed").Client  # noqa: N806 (a class)
    cluster.add_worker()
    victim = list(cluster.workers)[-1]
    killed: list[tuple[int, int, Sequence[str]]] = []
    with (
        Client(cluster.address, set_as_default=False) as beside,
        connected(cluster.address) as connection,
    ):
        beside.wait_for_workers(3)
        names = {facts["name"]: address for address, facts in beside.scheduler_info()["workers"].items()}

        def kill(done: int, pieces: int) -> None:
            if not killed and done > pieces // 3:
                held = [key for key in beside.has_what()[names[victim]] if "read" in str(key)]
                if held:
                    assert cluster.kill(victim) == -signal.SIGKILL
                    killed.append((done, pieces, held))

        seen = read_fleet([str(log)] * 3, connection, Selection(), kill, SMALL)
    ((done, pieces, held),) = killed
    assert 0 < done < pieces, "in the middle of the work"
    assert held, "what it had read was lost with it"
    assert seen == by_one(log, log, log)


def test_pieces_that_do_not_fit_are_read_again(cluster: Processes, tmp_path: Path) -> None:
    # Nothing says that one of these events has ended, so that a thousand are open at each cut; and what a program
    # wrote into the journal looks like records, at which a cut is made.
    events = "".join(f"{avc().replace(':45)', f':{serial})')}\n" for serial in range(10_000, 12_500)).encode()
    entry = b"__CURSOR=s\n_TRANSPORT=journal\nMESSAGE\n" + len(events).to_bytes(8, "little") + events + b"\n\n"
    log = tmp_path / "log"
    log.write_bytes(events + entry + events.replace(b":1", b":2"))
    expected = by_one(log)
    assert expected.records == 5_000
    for warm_up in (0, WARM_UP):
        seen, told = by_fleet(cluster, log, warm_up=warm_up)
        assert told[0][1] > 8
        assert seen == expected
        # What is read again is told as well.
        assert len(told) > told[0][1] + 1


class _Made:
    """What a task has made, at once and in this process."""

    def __init__(self, value: object) -> None:
        self.value = value

    def result(self) -> object:
        return self.value


class _Here:
    """A client whose one worker is this process; it knows how many parts were there at a time, at the most."""

    def __init__(self) -> None:
        self.parts: weakref.WeakSet[_Made] = weakref.WeakSet()
        self.read = self.most = 0
        self.waiting: deque[_Made] = deque()

    def submit(self, function: object, *arguments: object, pure: bool, priority: int) -> _Made:
        assert callable(function)
        made = _Made(function(*(word.value if isinstance(word, _Made) else word for word in arguments)))
        if isinstance(made.value, Part):
            self.parts.add(made)
            self.read += function is on_worker.read
            self.most = max(self.most, len(self.parts))
        return made

    def nthreads(self) -> dict[str, int]:
        return {"here": 1}

    def wait_for_workers(self, n_workers: int, timeout: float) -> None:
        raise NotImplementedError

    def add(self, future: object) -> None:
        assert isinstance(future, _Made)
        self.waiting.append(future)

    def __iter__(self) -> Iterator[tuple[object, object]]:
        while self.waiting:
            made = self.waiting.popleft()
            yield made, made.value


def test_parts_are_not_kept_until_all_are_read(log: Path) -> None:
    here = _Here()
    seen = read_fleet(
        [str(log)], Cluster(here, lambda: here), Selection(), lambda done, pieces: None, 1 << 11, 1 << 16
    )
    assert seen == by_one(log)
    assert here.read > 100
    # Four for its thread, those of three rows of the tree, and one that is made.
    assert here.most <= 4 + 3 * 8 + 1


def test_progress_is_told_on_a_terminal(cluster: Processes, log: Path) -> None:
    terminal, end = pty.openpty()
    words = ["-m", "policytool", "access", str(log), str(log), "--scheduler", cluster.address]
    with subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL, stderr=end) as program:
        os.close(end)
        shown = b""
        with suppress(OSError):  # how a terminal ends
            while more := os.read(terminal, 1 << 16):
                shown += more
        os.close(terminal)
    assert program.returncode == 0
    assert re.search(rb"read 2 of 2 pieces, on \d threads of workers", shown), shown


def test_bundles_compressed_logs_and_patterns(cluster: Processes, log: Path) -> None:
    paths = (TRACES / "permissive", f"{log.parent}/*.log", f"file://{log.parent}/h*.log", f"file://{LOG}")
    assert by_fleet(cluster, *paths)[0] == by_one(TRACES / "permissive", log, log, LOG)


@pytest.mark.parametrize(
    "selection",
    [Selection(programs=("virtqemud",)), Selection(classes=("file",))],
    ids=["single events", "vectors"],
)
def test_what_is_selected(cluster: Processes, log: Path, selection: Selection) -> None:
    seen, _ = by_fleet(cluster, log, selection=selection)
    assert seen.vectors
    assert seen == by_one(log, selection=selection)


@pytest.mark.parametrize("handler", [_Ranges, _NoRanges])
def test_logs_over_http(cluster: Processes, log: Path, handler: type[_Ranges]) -> None:
    handler.asked.clear()
    with served(log.parent, handler) as url:
        seen, told = by_fleet(cluster, f"{url}/host.log?signature=secret")
    assert seen == by_one(log)
    assert (told[0][1] > 8) == handler.parts
    assert all(handler.asked) == handler.parts, "the whole log is never asked for where parts can be had"


def test_what_cannot_be_read_is_named_without_its_password(cluster: Processes, log: Path) -> None:
    with served(log.parent, _Ranges) as url:
        with pytest.raises(InputError) as raised:
            by_fleet(cluster, f"{url}/nothing.log?signature=secret")
        done = policytool("access", "--scheduler", cluster.address, f"{url}/nothing.log?signature=secret")
    for text in (str(raised.value), done.stderr):
        assert f"{url.replace('scott:tiger@', '')}/nothing.log?...: cannot be read" in text
    assert (done.returncode, done.stdout) == (3, "")
    logged = b"".join(path.read_bytes() for path in cluster.folder.glob("*.err"))
    for secret in ("tiger", "secret"):
        assert secret not in done.stderr
        assert secret.encode() not in logged
    with pytest.raises(UsageError, match="standard input"):
        by_fleet(cluster, "-")


def test_the_command_prints_the_same_bytes(cluster: Processes, log: Path, tmp_path: Path) -> None:
    one = policytool("access", log, "--json")
    many = policytool("access", log, "--json", "--scheduler", cluster.address)
    assert (many.returncode, many.stdout, many.stderr) == (one.returncode, one.stdout, one.stderr)
    import_trace([str(log)], tmp_path / "b", "b", Facts())
    merged = []
    with served(tmp_path, _Ranges) as url:
        for name, words in (
            ("one", [str(tmp_path / "b")]),
            ("many", [f"{url}/b", "--scheduler", cluster.address]),
        ):
            out = tmp_path / name
            done = policytool("trace", "merge", TRACES / "permissive", *words, "-o", out, "--name", "all")
            assert done.returncode == 0, done.stderr
            merged.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert merged[0] == merged[1]
    assert len(merged[0]) == 3
