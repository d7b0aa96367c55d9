# SPDX-License-Identifier: GPL-2.0-or-later
"""The entry point: collects the verbs, and turns every way to fail into a short message and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from policytool import __version__
from policytool.cli.access import access
from policytool.cli.check import check
from policytool.cli.compare import compare
from policytool.cli.console import settings
from policytool.cli.demo import demo
from policytool.cli.explain import explain
from policytool.cli.generate import generate
from policytool.cli.graph import graph
from policytool.cli.holdout import holdout
from policytool.cli.lab import app as lab_app
from policytool.cli.replay import replay
from policytool.cli.report import report
from policytool.cli.trace import app as trace_app
from policytool.errors import ExitCode, PolicytoolError
from policytool.model.printable import printable

# Understood before and after the verb alike; --debug is most wanted when a command has just failed.
_GLOBAL_FLAGS = ("--debug", "--quiet")

app = typer.Typer(
    name="policytool",
    help="From what a daemon was seen doing to the smallest SELinux module that still lets it work.",
    epilog="Exit codes: 0 clean, 1 findings, 2 usage, 3 bad input, 4 a tool or package is missing, "
    "5 a tool failed, 70 internal error.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"policytool {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    settings.debug = debug
    settings.quiet = quiet


app.command()(demo)
app.add_typer(trace_app, name="trace")
app.command()(access)
app.command()(graph)
app.command()(generate)
app.command()(check)
app.command()(replay)
app.command()(holdout)
app.command()(explain)
app.command()(compare)
app.command()(report)
app.add_typer(lab_app, name="lab")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line on ARGV (sys.argv without the program by default) and return its exit code."""
    arguments = _flags_first(list(sys.argv[1:] if argv is None else argv))
    try:
        app(args=arguments, prog_name="policytool")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else ExitCode.CLEAN
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
    sys.exit(main())


def _flags_first(arguments: list[str]) -> list[str]:
    end = arguments.index("--") if "--" in arguments else len(arguments)
    flags = [word for word in arguments[:end] if word in _GLOBAL_FLAGS]
    return flags + [word for word in arguments[:end] if word not in _GLOBAL_FLAGS] + arguments[end:]


def _fail(message: str, code: ExitCode) -> int:
    if settings.debug:
        traceback.print_exc()
    # A message may hold a name from a log, a file or a folder; a part that is escaped already stays as it is.
    safe = "".join(one if one in "\n\\" else printable(one) for one in message)
    print(f"policytool: {safe}", file=sys.stderr)
    return code
