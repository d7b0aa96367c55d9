# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool trace`: record; logs into bundles; look at them; merge, reduce and redact them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from policytool.cli.console import emit, emit_json, note, progress
from policytool.cli.inputs import Jobs, Json, Scheduler, Strict, read_traces
from policytool.cli.trace_calls import calls
from policytool.cli.trace_record import record, restore
from policytool.cli.verbs import VerbArgument, VerbGroup, VerbOption
from policytool.errors import InputError, UsageError
from policytool.traces.bundle.url import shown

if TYPE_CHECKING:
    from policytool.traces.bundle.merged_bundle import Examine

app = VerbGroup("Trace bundles: record, import logs, show, merge, reduce and redact.")

_Name = Annotated[str | None, VerbOption("--name", help="Name in evidence (default: the folder's).")]
_Overwrite = Annotated[bool, VerbOption("--overwrite", help="Replace the bundle if there is one.")]

app.verb()(record)
app.verb()(restore)
app.verb()(calls)


@app.verb("import")
def import_(
    logs: Annotated[list[str], VerbArgument(metavar="LOG...", help="Raw logs; - is stdin.")],
    output: Annotated[Path, VerbOption("-o", "--output", metavar="DIR", help="The bundle to make.")],
    name: _Name = None,
    scenario: Annotated[str | None, VerbOption(help="What was done while recording.")] = None,
    recording: Annotated[
        str | None, VerbOption(help="complete, permissive, permissive-no-dontaudit or enforcing.")
    ] = None,
    selinux: Annotated[str | None, VerbOption(help="Mode of the machine: permissive or enforcing.")] = None,
    kernel: Annotated[str | None, VerbOption(help="Its kernel version.")] = None,
    base_name: Annotated[str | None, VerbOption(help="Package of its base policy.")] = None,
    base_version: Annotated[str | None, VerbOption(help="Version of that package.")] = None,
    base_sha256: Annotated[str | None, VerbOption(help="sha256 of its policy file.")] = None,
    versions: Annotated[
        list[str] | None,
        VerbOption("--version-of", metavar="NAME=VERSION", help="A daemon's version; repeatable."),
    ] = None,
    lost: Annotated[
        int | None, VerbOption(least=0, help="Records lost (auditctl -s), 0 if known to be none.")
    ] = None,
    overwrite: _Overwrite = False,
    strict: Strict = False,
    jobs: Jobs = 1,
) -> None:
    """Make a bundle of logs. What is not said of the machine stays unknown."""
    from policytool.traces.bundle.manifest import Facts, RecordedBase, Recording
    from policytool.traces.bundle.write import import_trace

    try:
        mode = Recording(recording) if recording else None
    except ValueError as error:
        raise UsageError(f"--recording is one of {', '.join(Recording)}, not {recording!r}") from error
    daemons = tuple(sorted(_version(text) for text in versions or ()))
    facts = Facts(
        kernel, RecordedBase(base_name, base_version, base_sha256), selinux, mode, daemons, scenario, lost
    )
    if strict and "-" in logs:
        raise UsageError("--strict reads the logs twice, which stdin cannot be")
    if strict:
        read_traces(logs, strict=True, jobs=jobs)
    with progress(f"importing into {output}"):
        manifest = import_trace(logs, output, name or output.name, facts, overwrite)
    if not strict:
        read_traces([str(output)])
    note(f"{output}: {manifest.records} records")


@app.verb()
def show(
    traces: Annotated[list[str], VerbArgument(metavar="TRACE...", help="Bundles or raw logs.")],
    as_json: Json = False,
    strict: Strict = False,
    jobs: Jobs = 1,
) -> None:
    """Show what a trace is: its manifest, what is in it, and what could not be read."""
    from policytool.report.document import trace_document, trace_text
    from policytool.traces.bundle.bundle import load

    documents = []
    for trace in traces:
        observations = read_traces([trace], jobs=jobs)
        if strict and observations.unread_total:
            raise InputError(f"{shown(trace)}: {observations.unread_total} lines or records were not understood")
        documents.append(trace_document(shown(trace), load(trace).manifest, observations))
    if as_json:
        emit_json(documents)
    else:
        emit("\n".join(trace_text(document) for document in documents))


@app.verb()
def merge(
    folders: Annotated[list[str], VerbArgument(metavar="BUNDLE...", help="Bundles: folders, or their URLs.")],
    output: Annotated[Path, VerbOption("-o", "--output", metavar="DIR", help="The bundle to make.")],
    name: _Name = None,
    overwrite: _Overwrite = False,
    scheduler: Scheduler = None,
) -> None:
    """Merge bundles into one; exact, and the same for any order of them."""
    from policytool.traces.bundle.merged_bundle import merge_bundles

    with progress(f"merging into {output}") as tell, _examiner(scheduler, tell) as examine:
        manifest = merge_bundles(folders, output, name or output.name, overwrite, examine)
    note(f"{output}: {manifest.records} records of {len(manifest.evidence)} logs")


@app.verb()
def reduce(
    bundle: Annotated[Path, VerbArgument(metavar="BUNDLE", help="The bundle to reduce.")],
    output: Annotated[Path, VerbOption("-o", "--output", metavar="DIR", help="The bundle to make.")],
    without: Annotated[
        list[str] | None,
        VerbOption("--without", metavar="NAME", help="Leave this trace of the bundle out (boot); repeatable."),
    ] = None,
    overwrite: _Overwrite = False,
) -> None:
    """Keep what is distinct and count the rest, so that policy made of the trace stays the same."""
    from policytool.traces.bundle.reduced_bundle import reduce_bundle

    before = _size(bundle)
    with progress(f"reducing into {output}"):
        manifest, whole = reduce_bundle(bundle, output, overwrite, without or ())
    kept = manifest.records if manifest.kept is None else manifest.kept
    note(f"{output}: {kept} of {manifest.records} records kept, {_size(output)} of {before} bytes")
    for file, reason in whole.items():
        note(f"{output}: {file} is kept whole: {reason}")


@app.verb()
def redact(
    trace: Annotated[str, VerbArgument(metavar="TRACE", help="A bundle or a raw log; - is stdin.")],
    output: Annotated[Path, VerbOption("-o", "--output", metavar="DIR", help="The bundle to make.")],
    name: _Name = None,
    all_arguments: Annotated[
        bool,
        VerbOption("--all-arguments", help="Replace every argument of commands, not only what looks private."),
    ] = False,
    overwrite: _Overwrite = False,
) -> None:
    """Replace hosts, users, homes, addresses and secrets, so that policy made of the trace stays the same."""
    from policytool.traces.redaction.redacted_bundle import redact_trace

    with progress(f"redacting into {output}"):
        manifest, counts = redact_trace(
            trace, output, name or output.name, every_argument=all_arguments, overwrite=overwrite
        )
    replaced = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    note(f"{output}: {manifest.records} records; replaced: {replaced or 'nothing'}")
    if manifest.redacted:
        note(f"{output}: {manifest.redacted} lines or records that were not understood are left out")


@contextmanager
def _examiner(scheduler: str | None, tell: Callable[[str], None]) -> Iterator[Examine]:
    """Give what examines evidence: the workers of SCHEDULER, if there is one, or this process."""
    from policytool.traces.bundle.merged_bundle import one_by_one

    if scheduler is None:
        yield one_by_one
        return
    from policytool.workflow.cluster import connected
    from policytool.workflow.fleet import examine_by

    with connected(scheduler) as cluster:
        yield lambda tasks: examine_by(cluster, tasks, lambda done, all_: tell(f"read {done} of {all_} logs"))


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*"))


def _version(text: str) -> tuple[str, str | None]:
    name, equals, version = text.partition("=")
    if not name or not equals:
        raise UsageError(f"--version-of takes NAME=VERSION, not {text!r}")
    return name, version or None
