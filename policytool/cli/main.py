# SPDX-License-Identifier: GPL-2.0-or-later
"""The entry point: collects the verbs, and turns every way to fail into a short message and an exit code."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

import click

from policytool import __version__
from policytool.cli.console import settings
from policytool.cli.verbs import VerbGroup
from policytool.errors import ExitCode, PolicytoolError
from policytool.model.printable import printable
from policytool.traces.bundle.url import without_secrets

# Understood before and after the verb alike; --debug is most wanted when a command has just failed.
_GLOBAL_FLAGS = ("--debug", "--quiet")

# Verb and module share one name; these lines are all that help has to know of a verb.
_VERBS = {
    "demo": "The main job on the shipped traces, from graphs to the report.",
    "access": "The distinct access vectors of any log, with counts.",
    "graph": "The permission graph: who was seen doing what to what.",
    "generate": "Candidate modules from traces.",
    "check": "Compile, link with the whole base, neverallow, assertions, lint.",
    "replay": "Would the policy allow every access that was seen?",
    "holdout": "What is missed if a scenario is not recorded?",
    "explain": "The evidence behind a rule.",
    "compare": "How much domains may do, side by side; what grew.",
    "harden": "A systemd drop-in and a seccomp profile of the same evidence.",
    "reach": "Which domains a compromised daemon can enter.",
    "flow": "Where information of types flows to directly.",
    "diff": "What one policy says and another does not.",
    "exposure": "How exposed the machine is by each domain: 0 to 100.",
    "report": "One self-contained HTML page.",
    "package": "Modules with scripts that install, roll out and remove them.",
    "trace": "Bundles: record, import, show, calls, merge, reduce, redact.",
    "lab": "A disposable SELinux machine: build, record, enforce.",
    "daemon": "Descriptions of daemons: init.",
}

# What a shell sets when it asks for completions (click's way: PROGRAM in capitals).
_COMPLETE = "_POLICYTOOL_COMPLETE"

# So many more containers than were freed, and the collector looks at them; Python's own number is 700. To read
# all shipped traces makes some millions.
COLLECT_AFTER = 5_000_000


def _print_version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        print(f"policytool {__version__}")
        context.exit()


def _print_completion(context: click.Context, _parameter: click.Parameter, shell: str | None) -> None:
    if shell:
        context.exit(_complete(f"{shell}_source"))


def _options(debug: bool, quiet: bool) -> None:
    settings.debug = debug
    settings.quiet = quiet


_PROGRAM = VerbGroup(
    "From what a daemon was seen doing to the smallest SELinux module that still lets it work.",
    late=_VERBS,
    callback=_options,
    epilog="Exit codes: 0 clean, 1 findings, 2 usage, 3 bad input, 4 a tool or package is missing, "
    "5 a tool failed, 70 internal error.",
    context_settings={"help_option_names": ["-h", "--help"]},
    params=[
        click.Option(["--debug"], is_flag=True, help="Show tracebacks."),
        click.Option(["--quiet"], is_flag=True, help="No progress on stderr."),
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_print_version,
            help="Print the version.",
        ),
        click.Option(
            ["--completion"],
            type=click.Choice(["bash", "zsh", "fish"]),
            is_eager=True,
            expose_value=False,
            callback=_print_completion,
            help="Print what makes a shell complete verbs and options, for its start-up file.",
        ),
    ],
)


def _complete(instruction: str) -> int:
    """Print what a shell asks for with INSTRUCTION, as click's documentation has it."""
    from click.shell_completion import shell_complete

    return shell_complete(_PROGRAM, {}, "policytool", _COMPLETE, instruction)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line on ARGV (sys.argv without the program by default) and return its exit code."""
    arguments = _flags_first(list(sys.argv[1:] if argv is None else argv))
    try:
        if instruction := os.environ.get(_COMPLETE):
            return _complete(instruction)
        with _PROGRAM.make_context("policytool", arguments) as context:
            _PROGRAM.invoke(context)
    except click.exceptions.Exit as stop:
        return int(stop.exit_code)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except PolicytoolError as error:
        return _fail(str(error), error.exit_code)
    except BrokenPipeError:
        # The reader has what it wanted (`| head`); nothing more can be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.CLEAN
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail(f"{where}{error.strerror or error}", ExitCode.BAD_INPUT)
    except Exception as error:
        return _fail(f"internal error: {error!r}; --debug shows where", ExitCode.INTERNAL)
    return ExitCode.CLEAN


def run() -> None:
    """Run as a program."""
    # Nearly all that is made is values without cycles, and stays: to look for cycles takes a tenth of the time or
    # more, and frees next to nothing.
    gc.set_threshold(COLLECT_AFTER)
    code = main()
    # Python looks for cycles once more before it ends, which would take half a second for nothing.
    gc.freeze()
    sys.exit(code)


def _flags_first(arguments: list[str]) -> list[str]:
    end = arguments.index("--") if "--" in arguments else len(arguments)
    flags = [word for word in arguments[:end] if word in _GLOBAL_FLAGS]
    return flags + [word for word in arguments[:end] if word not in _GLOBAL_FLAGS] + arguments[end:]


def _fail(message: str, code: ExitCode) -> int:
    if settings.debug:
        import traceback

        print(without_secrets(traceback.format_exc()), end="", file=sys.stderr)
    # A message may hold a name from a log, a file or a folder; a part that is escaped already stays as it is.
    safe = "".join(
        character if character in "\n\\" else printable(character) for character in without_secrets(message)
    )
    print(f"policytool: {safe}", file=sys.stderr)
    return code
