# SPDX-License-Identifier: GPL-2.0-or-later
"""Verbs: functions whose annotated parameters are click's options and arguments, in groups that load them late.

A parameter is annotated with Annotated[TYPE, VerbOption(…)] or Annotated[TYPE, VerbArgument(…)]. TYPE is bool, str,
int, float, Path or an enumeration of texts, a list of them, or one of these or None.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from enum import Enum
from functools import partial
from importlib import import_module
from pathlib import Path
from types import NoneType
from typing import Any, NoReturn, TypeVar, get_args, get_origin, get_type_hints

import click

_Verb = TypeVar("_Verb", bound=Callable[..., None])


class VerbArgument:
    """An argument of a verb; several, if its type is a list."""

    def __init__(self, metavar: str, help: str = "") -> None:  # noqa: A002  # as click calls it
        self.metavar = metavar
        self.help = help


class VerbOption:
    """An option of a verb, of these names, or of its parameter's; given several times if its type is a list.

    LEAST and MOST bound a number; FILE or FOLDER: it names one that has to be there.
    """

    def __init__(
        self,
        *names: str,
        help: str,  # noqa: A002  # as click calls it
        metavar: str | None = None,
        least: float | None = None,
        most: float | None = None,
        file: bool = False,
        folder: bool = False,
    ) -> None:
        self.names = names
        self.metavar = metavar
        self.help = help
        self.least = least
        self.most = most
        self.file = file
        self.folder = folder


def stop(code: int) -> NoReturn:
    """End the verb with this exit code."""
    raise click.exceptions.Exit(code)


class VerbGroup(click.Group):
    """Verbs under one name, in the order in which they were added.

    LATE: verbs with the line that help has of each. The module of a verb is imported when the verb is called; it is
    policytool.cli.VERB, and holds a function of this name, or another group as `app`.
    """

    def __init__(self, help: str, *, late: Mapping[str, str] | None = None, **more: Any) -> None:  # noqa: A002
        super().__init__(help=help, no_args_is_help=True, **more)
        self._late = late or {}

    def verb(self, name: str | None = None) -> Callable[[_Verb], _Verb]:
        """Return a decorator that adds a function, under its own name if none is given."""

        def add(function: _Verb) -> _Verb:
            self.add_command(_command(function, name or function.__name__))
            return function

        return add

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all verbs."""
        return [*self._late, *self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the verb of this name, whose module is now imported, or None."""
        if cmd_name in self._late:
            module = import_module(f"policytool.cli.{cmd_name}")
            group: object = getattr(module, "app", None)
            return group if isinstance(group, VerbGroup) else _command(getattr(module, cmd_name), cmd_name)
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a line on each verb, for which none is imported."""
        with formatter.section("Commands"):
            formatter.write_dl(self._lines())

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[click.shell_completion.CompletionItem]:
        """Return what may stand where INCOMPLETE does; for a verb none is imported."""
        found = [(name, line) for name, line in self._lines() if name.startswith(incomplete)]
        items = [click.shell_completion.CompletionItem(name, help=line) for name, line in found]
        return items + click.Command.shell_complete(self, ctx, incomplete)

    def _lines(self) -> list[tuple[str, str]]:
        own = [(name, command.get_short_help_str(66)) for name, command in self.commands.items()]
        return [*self._late.items(), *own]


class _Command(click.Command):
    """A verb, whose help tells of its arguments, too."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(each.name_, each.help_) for each in self.params if isinstance(each, _Argument) and each.help_]
        if rows:
            with formatter.section("Arguments"):
                formatter.write_dl(rows)
        super().format_options(ctx, formatter)


class _Argument(click.Argument):
    def __init__(self, name: str, given: VerbArgument, **more: Any) -> None:
        super().__init__([name], metavar=given.metavar if more["required"] else f"[{given.metavar}]", **more)
        self.name_ = given.metavar
        self.help_ = given.help


def _command(function: Callable[..., None], name: str) -> click.Command:
    hints = get_type_hints(function, include_extras=True)
    defaults = {each.name: each.default for each in inspect.signature(function).parameters.values()}
    finishers: dict[str, Callable[[Any], object]] = {}
    parameters = []
    for each, default in defaults.items():
        type_, given = get_args(hints[each])
        plain = _without_none(type_)
        many = get_origin(plain) is list
        item = get_args(plain)[0] if many else plain
        if many:
            # Of an option that is not given click makes an empty tuple.
            finishers[each] = _list
        elif issubclass(item, Enum):
            finishers[each] = partial(_member, item)
        parameters.append(_parameter(each, item, many, given, default))

    def invoke(**values: object) -> None:
        function(**{key: finishers[key](value) if key in finishers else value for key, value in values.items()})

    return _Command(name, callback=invoke, params=parameters, help=inspect.getdoc(function))


def _list(values: tuple[object, ...]) -> list[object] | None:
    return list(values) or None


def _member(kind: type[Enum], value: str | None) -> Enum | None:
    return None if value is None else kind(value)


def _without_none(type_: Any) -> Any:
    kinds = get_args(type_)
    return next(kind for kind in kinds if kind is not NoneType) if NoneType in kinds else type_


def _parameter(
    name: str, item: type, many: bool, given: VerbArgument | VerbOption, default: object
) -> click.Parameter:
    required = default is inspect.Parameter.empty
    start = None if required or many else default.value if isinstance(default, Enum) else default
    # A default of None is a value to click, so that nothing would be missing.
    begin: dict[str, Any] = {} if required else {"default": start}
    if isinstance(given, VerbArgument):
        return _Argument(name, given, type=_kind(item), nargs=-1 if many else 1, required=required, **begin)
    names = given.names or (f"--{name.replace('_', '-')}",)
    if item is bool and not given.names:
        names = (f"{names[0]}/--no-{names[0][2:]}",)
    return click.Option(
        [*names, name],
        type=_kind(item, given),
        is_flag=item is bool,
        multiple=many,
        required=required,
        **begin,
        show_default=start not in (None, False),
        metavar=given.metavar,
        help=given.help,
    )


def _kind(item: type, given: VerbOption | None = None) -> click.ParamType[Any]:
    """Return click's type for ITEM."""
    if item is Path:
        file, folder = (given.file, given.folder) if given else (False, False)
        return click.Path(exists=file or folder, dir_okay=not file, file_okay=not folder, path_type=Path)
    if issubclass(item, Enum):
        return click.Choice([each.value for each in item])
    if given and (given.least is not None or given.most is not None):
        range_: Callable[..., click.ParamType[Any]] = click.IntRange if item is int else click.FloatRange
        return range_(given.least, given.most)
    return click.types.convert_type(item)
