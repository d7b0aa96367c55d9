# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool graph`: the permission graph of one daemon or of all."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from policytool.cli.console import emit, write_files
from policytool.cli.inputs import (
    DaemonFolder,
    DaemonNames,
    Jobs,
    Strict,
    Traces,
    load_known,
    read_traces,
    require_domain,
)


class GraphFormat(StrEnum):
    """The formats that a graph is written in."""

    JSON = "json"
    GRAPHML = "graphml"
    DOT = "dot"
    SVG = "svg"


def graph(
    traces: Traces,
    daemons: DaemonNames = None,
    daemon_folder: DaemonFolder = None,
    format_: Annotated[GraphFormat, typer.Option("--format", help="How to write it.")] = GraphFormat.JSON,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Default: stdout.")] = None,
    strict: Strict = False,
    jobs: Jobs = 1,
) -> None:
    """Print the permission graph: who was seen doing what to what, in both directions."""
    from policytool.graph import formats
    from policytool.graph.permission_graph import build
    from policytool.toolchain.graphviz import render_svg

    known = load_known(daemon_folder)
    built = build(read_traces(traces, strict=strict, jobs=jobs))
    if daemons:
        domains = [require_domain(name, known) for name in daemons]
        exec_types = [daemon.exec_type for daemon in known if daemon.domain in domains]
        built = built.around([*domains, *exec_types])
    match format_:
        case GraphFormat.JSON:
            text = formats.to_json(built)
        case GraphFormat.GRAPHML:
            text = formats.to_graphml(built)
        case GraphFormat.DOT:
            text = formats.to_dot(built)
        case GraphFormat.SVG:
            text = render_svg(formats.to_dot(built))
    if output:
        write_files(output.parent, {output.name: text})
    else:
        emit(text)
