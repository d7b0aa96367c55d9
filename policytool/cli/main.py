# SPDX-License-Identifier: GPL-2.0-or-later
"""The entry point: collects the verbs, and turns every way to fail into a short message and an exit code."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Annotated

import typer

from policytool import __version__
from policytool.cli.console import settings
from policytool.errors import ExitCode, PolicytoolError
from policytool.model.printable import printable

# Understood before and after the verb alike; --debug is most wanted when a command has just failed.
_GLOBAL_FLAGS = ("--debug", "--quiet")

# Verb, module and function share one name; a module with verbs of its own has `app` instead of the function.
_VERBS = (
    "demo",
    "trace",
    "access",
    "graph",
    "generate",
    "check",
    "replay",
    "holdout",
    "explain",
    "compare",
    "harden",
    "reach",
    "flow",
    "diff",
    "exposure",
    "report",
    "package",
    "lab",
    "daemon",
)

# So many more containers than were freed, and the collector looks at them; Python's own number is 700.
COLLECT_AFTER = 100_000


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"policytool {__version__}")
        raise typer.Exit


def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    settings.debug = debug
    settings.quiet = quiet


def _application(verbs: Sequence[str]) -> typer.Typer:
    """Return the command line with VERBS; to load and to build one of them takes a third of the time of all."""
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
    app.callback()(_options)
    for verb in verbs:
        module = import_module(f"policytool.cli.{verb}")
        more: object = getattr(module, "app", None)
        if isinstance(more, typer.Typer):
            app.add_typer(more, name=verb)
        else:
            command: Callable[..., None] = getattr(module, verb)
            app.command()(command)
    return app


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line on ARGV (sys.argv without the program by default) and return its exit code."""
    arguments = _flags_first(list(sys.argv[1:] if argv is None else argv))
    verb = next((word for word in arguments if word not in _GLOBAL_FLAGS), "")
    try:
        app = _application([verb] if verb in _VERBS else _VERBS)
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
    # Nearly all that is made is values, which hold no cycles and mostly stay: to look for some costs a tenth.
    gc.set_threshold(COLLECT_AFTER)
    sys.exit(main())


def _flags_first(arguments: list[str]) -> list[str]:
    end = arguments.index("--") if "--" in arguments else len(arguments)
    flags = [word for word in arguments[:end] if word in _GLOBAL_FLAGS]
    return flags + [word for word in arguments[:end] if word not in _GLOBAL_FLAGS] + arguments[end:]


def _fail(message: str, code: ExitCode) -> int:
    if settings.debug:
        traceback.print_exc()
    # A message may hold a name from a log, a file or a folder; a part that is escaped already stays as it is.
    safe = "".join(character if character in "\n\\" else printable(character) for character in message)
    print(f"policytool: {safe}", file=sys.stderr)
    return code
