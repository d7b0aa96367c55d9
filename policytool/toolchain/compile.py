# SPDX-License-Identifier: GPL-2.0-or-later
"""One refpolicy module (.te, .if, .fc) to CIL: m4, checkmodule, semodule_package, pp."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from policytool.check.compile_errors import compile_findings
from policytool.check.findings import Finding, ModuleSource, SourceFile
from policytool.check.known_names import NOTHING_KNOWN, KnownNames
from policytool.check.link_findings import unknown_requirements
from policytool.check.unknown_names import every_message
from policytool.errors import InputError
from policytool.toolchain.base import PP, stamp
from policytool.toolchain.cache import Cache, digest, open_cache
from policytool.toolchain.headers import IF_ERROR, Headers, definitions, find_headers
from policytool.toolchain.run import Completed, failed, find_program, missing, run

# Seconds for one program over one module: m4 can be told to loop.
_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled module: its CIL (file contexts included), and the expanded source with m4's line marks."""

    name: str
    cil: str
    expanded: str = ""


class _RefusedError(Exception):
    """A program refused the source; carries its messages, and the CIL of what is left without the unknown names."""

    def __init__(self, messages: str, cil: str = "") -> None:
        super().__init__(messages)
        self.cil = cil


def compile_refpolicy(
    source: ModuleSource,
    *,
    neighbours: Sequence[SourceFile] = (),
    headers: Headers | None = None,
    known: Callable[[], KnownNames] = lambda: NOTHING_KNOWN,
    cache: Cache | None = None,
) -> Compiled | tuple[Finding, ...]:
    """Compile SOURCE through the HEADERS (None: the distribution's), or return the compiler's errors.

    NEIGHBOURS are .if files of other modules that it may call. KNOWN is asked for the names of the base when names
    are unknown. InputError if SOURCE has no .te.
    """
    if source.te is None:
        raise InputError(f"the module {source.name} has no .te")
    cache = cache or open_cache()
    headers = headers or find_headers(cache=cache)
    interfaces = tuple(file for file in (source.if_, *neighbours) if file)
    texts = (
        source.name,
        source.te.text,
        source.fc.text if source.fc else "",
        *(interface.text for interface in interfaces),
    )
    tools = (stamp(PP), *(stamp(Path(find_program(name))) for name in ("m4", "checkmodule", "semodule_package")))
    key = digest("refpolicy", headers.key, *tools, *texts)
    try:
        folder = cache.fill("module", key, partial(_compile, source, interfaces, headers))
    except _RefusedError as error:
        names = known()
        found = compile_findings(source, str(error), neighbours, names)
        return (*found, *unknown_requirements(source, error.cil, names, found))
    return Compiled(source.name, _text(folder / "module.cil"), _text(folder / "expanded"))


def package_refpolicy(source: ModuleSource, neighbours: Sequence[SourceFile] = ()) -> bytes:
    """Return the package (.pp) of SOURCE, compiled through the distribution's headers; see `compile_refpolicy`.

    InputError: it does not compile.
    """
    interfaces = tuple(file for file in (source.if_, *neighbours) if file)
    with tempfile.TemporaryDirectory(prefix="policytool-") as name:
        try:
            package, _ = _packaged(source, interfaces, find_headers(), Path(name))
        except _RefusedError as error:
            raise InputError(f"{source.name} does not compile: {error}; policytool check says more") from error
        return package.read_bytes()


def _compile(source: ModuleSource, interfaces: Sequence[SourceFile], headers: Headers, folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="policytool-") as name:
        work = Path(name)
        package, expanded = _packaged(source, interfaces, headers, work)
        (folder / "expanded").write_bytes(expanded)
        if not PP.exists():
            raise missing("pp")
        _checked(run([PP, package.name, folder / "module.cil"], cwd=work, ok=(0, 1, 255)), work)


def _packaged(
    source: ModuleSource, interfaces: Sequence[SourceFile], headers: Headers, work: Path
) -> tuple[Path, bytes]:
    """Make the package of SOURCE in the folder WORK; return its path, and the source as m4 expanded it."""
    te, own, fc = work / f"{source.name}.te", work / "own_interfaces.conf", work / f"{source.name}.fc"
    te.write_bytes(_bytes(source.te))
    own.write_bytes(_own_interfaces(interfaces, headers, work))
    expanded = _m4(headers.source, "-s", own.name, te.name, cwd=work)
    (work / f"{source.name}.tmp").write_bytes(expanded.stdout)
    module = f"{source.name}.mod"
    flags = ["-M"] if headers.mls else []
    check = ["checkmodule", *flags, "-m", f"{source.name}.tmp", "-o", module]
    try:
        _checked(run(check, cwd=work, ok=(0, 1)), work)
    except _RefusedError as error:
        raise _every_error(source, str(error), expanded.stdout, check, work) from error
    package = ["semodule_package", "-o", f"{source.name}.pp", "-m", module]
    if source.fc:
        fc.write_bytes(_bytes(source.fc))
        (work / "expanded.fc").write_bytes(_m4(headers.source, fc.name, cwd=work).stdout)
        package += ["-f", "expanded.fc"]
    _checked(run(package, cwd=work, ok=(0, 1)), work)
    return work / f"{source.name}.pp", expanded.stdout


def _every_error(
    source: ModuleSource, first: str, expanded: bytes, check: Sequence[str], work: Path
) -> _RefusedError:
    """Return all that checkmodule says, with the CIL that the module would have without what is unknown."""

    def ask(text: str) -> str:
        (work / f"{source.name}.tmp").write_bytes(text.encode("utf-8", "surrogateescape"))
        done = run(check, cwd=work, ok=(0, 1))
        return done.messages if done.status else ""

    messages, mended = every_message(expanded.decode("utf-8", "surrogateescape"), first, ask)
    if not mended:
        return _RefusedError(messages)
    package = f"{source.name}.pp"
    _checked(run(["semodule_package", "-o", package, "-m", f"{source.name}.mod"], cwd=work, ok=(0, 1)), work)
    if not PP.exists():
        raise missing("pp")
    _checked(run([PP, package, "mended.cil"], cwd=work, ok=(0, 1, 255)), work)
    return _RefusedError(messages, _text(work / "mended.cil"))


def _own_interfaces(interfaces: Sequence[SourceFile], headers: Headers, work: Path) -> bytes:
    """Expand the module's own .if and its neighbours', in files of their own names for the messages."""
    if not interfaces:
        return b""
    names = []
    for number, interface in enumerate(interfaces):
        # Two neighbours may have a file of the same name.
        path = work / str(number) / Path(interface.path).name
        path.parent.mkdir()
        path.write_bytes(_bytes(interface))
        names.append(f"{number}/{path.name}")
    (work / "iferror.m4").write_text(IF_ERROR)
    return definitions(_m4(headers.interfaces, *names, "iferror.m4", cwd=work).stdout)


def _m4(state: Path, *words: str, cwd: Path) -> Completed:
    done = _checked(run(["m4", "-R", state, *words], cwd=cwd, ok=(0, 1), timeout=_TIMEOUT), cwd)
    if b"ERROR: end of file" in done.stderr:
        raise _RefusedError(done.messages)
    return done


def _checked(done: Completed, cwd: Path) -> Completed:
    """Tell a refusal of the source, which explains itself, from a program that broke down."""
    if done.status == 0:
        return done
    if not done.stderr.strip():
        raise failed(done, cwd)
    raise _RefusedError(done.messages)


def _bytes(file: SourceFile | None) -> bytes:
    return file.text.encode("utf-8", "surrogateescape") if file else b""


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "surrogateescape")
