# SPDX-License-Identifier: GPL-2.0-or-later
"""The only user of subprocess: every program is started here, without a shell and with C messages."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from policytool.errors import MissingToolError, ToolFailedError
from policytool.model.printable import printable

# program -> (apt package, dnf package), as `dpkg -S` and Fedora's spec files have them.
PACKAGES: Mapping[str, tuple[str, str]] = {
    "audit2allow": ("policycoreutils-python-utils", "policycoreutils-python-utils"),
    "ausearch": ("auditd", "audit"),
    "auditctl": ("auditd", "audit"),
    "checkmodule": ("checkpolicy", "checkpolicy"),
    "debootstrap": ("debootstrap", "debootstrap"),
    "debugfs": ("e2fsprogs", "e2fsprogs"),
    "dot": ("graphviz", "graphviz"),
    "git": ("git", "git"),
    "m4": ("m4", "m4"),
    "matchpathcon": ("selinux-utils", "libselinux-utils"),
    "mkfs.ext4": ("e2fsprogs", "e2fsprogs"),
    "pp": ("policycoreutils", "policycoreutils"),
    "qemu-img": ("qemu-utils", "qemu-img"),
    "qemu-system-x86_64": ("qemu-system-x86", "qemu-system-x86-core"),
    "secilc": ("secilc", "secilc"),
    "sechecker": ("setools", "setools-console"),
    "selint": ("selint", "selint"),
    "semodule": ("policycoreutils", "policycoreutils"),
    "semodule_package": ("semodule-utils", "policycoreutils"),
    "setfiles": ("policycoreutils", "policycoreutils"),
    "setpriv": ("util-linux", "util-linux-core"),
    "strace": ("strace", "strace"),
    "systemctl": ("systemd", "systemd"),
    "systemd-analyze": ("systemd", "systemd"),
    "unshare": ("util-linux", "util-linux-core"),
}

# Where administrators' programs are; a user's PATH on Debian does not have it.
_SBIN = "/usr/sbin:/sbin"

# How much of a failed program's output an error shows.
_LAST_LINES = 12
# Seconds.
_AGAIN = 0.05
_LINE_LIMIT = 300

_children: set[subprocess.Popen[bytes]] = set()
_children_lock = threading.Lock()

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Completed:
    """A program that has ended with an expected exit status."""

    argv: tuple[str, ...]
    status: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """Standard output; bytes that are not UTF-8 become surrogates, which printable() escapes."""
        return self.stdout.decode("utf-8", "surrogateescape")

    @property
    def messages(self) -> str:
        """Standard error, decoded like `text`."""
        return self.stderr.decode("utf-8", "surrogateescape")


def find_program(program: str) -> str:
    """Return the path of PROGRAM, from PATH or the sbin folders; raise MissingToolError naming its package."""
    path = os.environ.get("PATH", "")
    found = shutil.which(program, path=f"{path}:{_SBIN}" if path else "")
    if not found:
        raise missing(program)
    return found


def missing(program: str) -> MissingToolError:
    """Make the error for a PROGRAM (name or path) that is not installed."""
    name = Path(program).name
    if name not in PACKAGES:
        return MissingToolError(f"the program {printable(program)} is not installed")
    apt, dnf = PACKAGES[name]
    return MissingToolError(
        f"the program {printable(program)} is not installed: apt install {apt}, or dnf install {dnf}"
    )


def run(
    argv: Sequence[str | Path],
    *,
    input: bytes | None = None,  # noqa: A002 -- subprocess calls it so
    cwd: Path | None = None,
    ok: Sequence[int] = (0,),
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    keep: Sequence[int] = (),
) -> Completed:
    """Run ARGV to its end and return its output.

    ENV is added to the environment, TIMEOUT is in seconds, KEEP are descriptors that it inherits. An exit
    status outside OK, a signal or a timeout raises ToolFailedError; a program that is not there
    MissingToolError. An interrupt ends the program too.
    """
    words = (find_program(str(argv[0])), *(str(word) for word in argv[1:]))
    try:
        child = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env={**os.environ, **(env or {}), "LC_ALL": "C"},
            pass_fds=tuple(keep),
        )
    except OSError as error:
        raise ToolFailedError(f"cannot start {_pasteable(words, cwd)}: {error.strerror}") from error
    with _children_lock:
        _children.add(child)
    try:
        stdout, stderr = child.communicate(input, timeout)
    except subprocess.TimeoutExpired as error:
        child.kill()
        child.communicate()
        raise ToolFailedError(f"took longer than {timeout:g} s: {_pasteable(words, cwd)}") from error
    except BaseException:
        child.kill()
        child.wait()
        raise
    finally:
        with _children_lock:
            _children.discard(child)
    done = Completed(words, child.returncode, stdout, stderr)
    if done.status not in ok:
        raise failed(done, cwd)
    return done


@dataclass(frozen=True, slots=True)
class Running:
    """A program in the background, whose output goes to the file `log`."""

    argv: tuple[str, ...]
    log: Path
    child: subprocess.Popen[bytes]

    def wait(self, timeout: float) -> int | None:
        """Return the exit status (negative: a signal), or None if it still runs after TIMEOUT seconds."""
        try:
            return self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def completed(self, status: int) -> Completed:
        """Describe the program, which has ended with STATUS, with the end of its log as its messages."""
        return Completed(self.argv, status, b"", self.log.read_bytes()[-_LAST_LINES * _LINE_LIMIT :])


@contextmanager
def background(
    argv: Sequence[str | Path], log: Path, *, env: Mapping[str, str] | None = None, terminal: bool = False
) -> Iterator[Running]:
    """Run ARGV while the block runs, and kill it at its end if it has not ended by itself.

    It does not outlive this process either, kill -9 included: the kernel ends it (PR_SET_PDEATHSIG) with the
    thread that started it. Output goes to LOG; with TERMINAL, input and output are the user's terminal.
    """
    words = (find_program(str(argv[0])), *(str(word) for word in argv[1:]))
    with log.open("ab") as out:
        try:
            child = subprocess.Popen(
                (find_program("setpriv"), "--pdeathsig", "KILL", *words),
                stdin=None if terminal else subprocess.DEVNULL,
                stdout=None if terminal else out,
                stderr=None if terminal else subprocess.STDOUT,
                env={**os.environ, **(env or {}), "LC_ALL": "C"},
            )
        except OSError as error:
            raise ToolFailedError(f"cannot start {_pasteable(words, None)}: {error.strerror}") from error
    with _children_lock:
        _children.add(child)
    try:
        yield Running(words, log, child)
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
        with _children_lock:
            _children.discard(child)


def run_logged(
    argv: Sequence[str | Path], log: Path, *, env: Mapping[str, str] | None = None, timeout: float
) -> None:
    """Run ARGV to its end with its output in LOG; for programs that take minutes, and end with this process.

    An exit status other than 0, or more than TIMEOUT seconds, is a ToolFailedError with the end of the log.
    """
    with background(argv, log, env=env) as running:
        status = running.wait(timeout)
    if status is None:
        raise ToolFailedError(f"took longer than {timeout:g} s: {_pasteable(running.argv, None)}; log: {log}")
    if status != 0:
        raise failed(running.completed(status))


def failed(done: Completed, cwd: Path | None = None) -> ToolFailedError:
    """Make the error for a program that ended with an unexpected status: the command and its last lines."""
    status = f"exit status {done.status}" if done.status >= 0 else f"killed by signal {-done.status}"
    lines = (done.messages.strip() or done.text.strip()).splitlines()[-_LAST_LINES:]
    shown = "".join(f"\n  {printable(line, _LINE_LIMIT)}" for line in lines)
    return ToolFailedError(f"{status} from: {_pasteable(done.argv, cwd)}{shown}")


def concurrently(tasks: Sequence[Callable[[], T]], *, workers: int = 0) -> list[T]:
    """Call the TASKS in threads (WORKERS at a time, 0: one a core) and return their results in order.

    The first exception ends the others: tasks not yet begun are dropped and running programs are killed, so
    that an interrupt of the main thread leaves nothing behind.
    """
    count = min(workers or os.cpu_count() or 1, len(tasks))
    if count <= 1:
        return [task() for task in tasks]
    with ThreadPoolExecutor(count) as pool:
        futures: list[Future[T]] = [pool.submit(task) for task in tasks]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
            for future in futures:
                # The task that failed first tells more than the ones that were killed because of it.
                if future.done() and (error := future.exception()):
                    raise error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            # More than once: a program that is just being started is not known yet.
            while any(future.running() for future in futures):
                end_children()
                wait(futures, timeout=_AGAIN)
            raise
        return [future.result() for future in futures]


def end_children() -> None:
    """Kill every program that run() has started and that still runs."""
    with _children_lock:
        for child in _children:
            child.kill()


def _pasteable(words: Sequence[str], cwd: Path | None) -> str:
    command = shlex.join(words)
    # shlex quotes what a shell needs; a control character would still reach the terminal.
    shown = command if command.isprintable() and command.isascii() else printable(command)
    return f"cd {shlex.quote(str(cwd))} && {shown}" if cwd else shown
