# SPDX-License-Identifier: GPL-2.0-or-later
"""No name that a log may choose gets out of its place: not on a terminal, in a page, in a graph, in policy."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import xml.etree.ElementTree as ET
from functools import cache
from html.parser import HTMLParser

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policytool.cli import access_output, console, explain, follow, replay
from policytool.cli.access_output import Output
from policytool.generate.exact import exact
from policytool.generate.skeleton import skeleton
from policytool.generate.triage import Criteria, Cure, triage
from policytool.generate.writers.cil import write_cil
from policytool.generate.writers.evidence import (
    ExplainedAccess,
    ModuleEvidence,
    explained,
    read_evidence,
    write_evidence,
)
from policytool.generate.writers.fc import write_fc
from policytool.generate.writers.interface import write_interfaces
from policytool.generate.writers.te import write_te
from policytool.graph.export import to_dot, to_graphml, to_json
from policytool.graph.permission_graph import build
from policytool.model.access import Use
from policytool.model.daemon import is_plain_path
from policytool.model.event import Location, Unread, UnreadKind
from policytool.model.module import PolicyModule
from policytool.model.observation import Observations
from policytool.model.support import Support
from policytool.policy.verdicts import Replay, Replayed, Verdict
from policytool.report.access_keys import GroupKey
from policytool.report.accesses import distinct, grouped
from policytool.report.document import explain_document, trace_document, trace_text
from policytool.report.page.page_html import page_html
from policytool.traces.bundle.manifest import Facts, Manifest
from policytool.workflow.replay import ModuleReplay
from tests.generate.decides import TablePolicy
from tests.report.page.synthetic_facts import hostile_facts
from tests.synthetic import BASE, DAEMON, observations, vector

# What the languages of the outputs, a terminal and a reader's eye trip over.
HOSTILE = st.text(
    alphabet="'\"`\\;#(){}[]<>&,=$\n\r\t\0\x07\x1b\x7f\x85\x9bab/ "
    "\u061c\u200f\u202e\u2066\u2028\ufeff\udc80\U0001f600",
    max_size=40,
) | st.sampled_from(
    [
        "\x1b]0;owned\x07",
        "')\nallow a_t shadow_t:file write;\n#",
        "')dnl `",
        "changequote(,)",
        "syscmd(`id')",
        '"];}\ndigraph{x',
        "]]><!--<script>alert(1)</script>",
        ")\n(allow a_t b_t (file (write)))",
        "=cmd|' /C calc'!A0",
        "\u202etxt.exe",
    ]
)


def seen(text: str) -> Observations:
    """Return observations in which TEXT stands wherever a log's own words may."""
    uses = {"program": text, "path": text, "syscall": text, "trace": text}
    return observations(
        vector("greeterd_t", "etc_t", "file", "read", **uses),  # type: ignore[arg-type]
        vector("greeterd_t", "bin_t", "file", "execute_no_trans", **uses),  # type: ignore[arg-type]
        vector("greeterd_t", "helloerd_t", "unix_stream_socket", "connectto", **uses),  # type: ignore[arg-type]
        vector("greeterd_t", "tun_tap_device_t", "chr_file", "ioctl", xperms=frozenset({0x5401}), **uses),  # type: ignore[arg-type]
    )


def module(text: str) -> PolicyModule:
    observed = seen(text)
    decided = triage(observed.vectors, TablePolicy(), Criteria())
    types = frozenset({"init_t", "etc_t", "bin_t", "tun_tap_device_t"})
    made = exact(skeleton(DAEMON, build(observed), BASE, extends=False), decided, types)
    assert made.every_rule
    assert made.optionals
    assert made.xperm_rules
    return made


def is_fit(text: str) -> bool:
    """Say whether TEXT is printable ASCII, line ends and tabs."""
    return text.isascii() and text.replace("\n", "").replace("\t", "").isprintable()


def without_comments(text: str, mark: str) -> list[str]:
    return [line for line in text.splitlines() if not line.strip().startswith(mark)]


@settings(deadline=None)
@given(HOSTILE)
def test_policy_is_the_same_whatever_a_log_says(text: str) -> None:
    hostile, plain = module(text), module("plain")
    for write, mark in ((write_te, "#"), (write_cil, ";"), (write_interfaces, "#"), (write_fc, "#")):
        written = write(hostile)
        assert is_fit(written)
        assert without_comments(written, mark) == without_comments(write(plain), mark)
        comments = [line for line in written.splitlines() if line.strip().startswith(mark)]
        # m4's quotes count inside of a macro's argument, in comments too.
        assert not any("`" in line or "'" in line for line in comments if write is not write_cil)


@settings(deadline=None, max_examples=15)
@given(st.lists(HOSTILE, min_size=1, max_size=20))
def test_m4_sees_nothing_in_comments(texts: list[str]) -> None:
    # Enough of refpolicy for the real m4 to expand a module: what it gives must not depend on the comments.
    macros = (
        "define(`policy_module',`module $1 $2;')define(`gen_require',`require { $1 }')"
        "define(`optional_policy',`optional { $1 }')"
    )

    def expanded(text: str) -> list[str]:
        done = subprocess.run(
            ["m4"], input=macros + write_te(module(text)), capture_output=True, text=True, check=True
        )
        assert done.stderr == ""
        return [line for line in done.stdout.splitlines() if "#" not in line]

    assert expanded("".join(texts)) == expanded("plain")


@pytest.mark.parametrize("word", ["dnl", "m4exit", "divert", "changequote", "changecom", "undivert", "__line__"])
def test_a_path_that_m4_would_run_is_no_file_context(word: str) -> None:
    for path in (f"/srv/{word}", f"/srv/{word}/x", f"/srv/a-{word}.d/x"):
        done = subprocess.run(["m4"], input=f"{path}\n/x\n", capture_output=True, text=True, check=True)
        assert done.stdout != f"{path}\n/x\n", "m4 runs it"
        assert not is_plain_path(path)
    assert is_plain_path(f"/srv/x{word}x")
    assert is_plain_path("/usr/include/linux/format")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not any(name.startswith("on") or name in ("src", "style") for name, _ in attrs)
        assert all((value or "").startswith("#") for name, value in attrs if name == "href")

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_data(self, data: str) -> None:
        self.text += data


def page(text: str) -> _Tags:
    written = page_html(hostile_facts(text))
    assert is_fit(written)
    parser = _Tags()
    parser.feed(written)
    return parser


@cache
def plain_tags() -> list[str]:
    return page("plain").tags


def _use(text: str) -> Use:
    return Use(text, text, text, text)


@settings(deadline=None, max_examples=20)
@given(HOSTILE)
def test_a_page_has_the_same_tags_whatever_a_log_says(text: str) -> None:
    assert page(text).tags == plain_tags()


@settings(deadline=None)
@given(HOSTILE)
def test_graphs_keep_their_shape_whatever_a_log_says(text: str) -> None:
    graph, plain = build(seen(f"/{text}")), build(seen("/plain"))
    document, dot, graphml = to_json(graph), to_dot(graph), to_graphml(graph)
    for written in (document, dot, graphml):
        assert is_fit(written)
    shape = (plain.graph.number_of_nodes(), plain.graph.number_of_edges())
    read = nx.node_link_graph(json.loads(document), edges="links")
    assert (read.number_of_nodes(), read.number_of_edges()) == shape
    again = nx.parse_graphml(graphml)
    assert (again.number_of_nodes(), again.number_of_edges()) == shape
    ET.fromstring(graphml)  # noqa: S314
    assert len(dot.splitlines()) == len(to_dot(plain).splitlines())
    for line in dot.splitlines()[3:-1]:
        # Outside of its quoted strings a line holds nothing of the log.
        rest = line.replace("\\\\", "").replace('\\"', "")
        assert rest.count('"') % 2 == 0
        assert not set("".join(rest.split('"')[::2]).replace(" -> ", "")) & set("<>&'`#{}\\")


@settings(deadline=None)
@given(HOSTILE)
def test_everything_printed_is_printable(text: str) -> None:
    observed = seen(text)
    accesses = distinct(observed)
    printed: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        # Past the last door, which would hide what leaks.
        for module_ in (access_output, console, follow):
            patch.setattr(module_, "emit", printed.append)
        for output in Output:
            for detailed in (False, True):
                access_output.print_accesses(accesses, output, explain=detailed)
                for access in accesses:
                    follow._print(access, output, detailed)
            for by in GroupKey:
                access_output.print_groups(grouped(accesses, by), by, output)
    support = Support(1, 1, 1, (text,))
    proven = ExplainedAccess(accesses[0].key, Cure.REFUSED, text, accesses[0].evidence, support=support)
    about = ModuleEvidence(text, "a_t", (proven,), scenarios=2)
    printed += [explain._text(about, proven), json.dumps(explain_document(text, [(about, proven)]))]
    printed.append(explain._by_scenario([(about, proven)]))
    replayed = tuple(Replayed(vector, Verdict.DENIED, text) for vector in observed.vectors)
    printed.append(replay.summary(ModuleReplay(Replay(replayed), (), 1)))
    unread = Unread(Location(text, 1), UnreadKind.MALFORMED, text)
    strange = Observations(observed.vectors, (text,), errors=((text, 1),), unread=(unread,), hosts=((text, 1),))
    manifest = Manifest(text, Facts(kernel=text, scenario=text, daemons=((text, text),)), 1, (), hosts=((text, 1),))
    document = trace_document(text, manifest, strange)
    printed += [trace_text(document), json.dumps(document)]
    for one_text in printed:
        assert is_fit(one_text), one_text
    assert all(is_fit(value) for value in _texts(document))


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for item in (*value, *value.values()) for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []


@given(HOSTILE)
def test_a_cell_is_one_cell_and_no_formula(text: str) -> None:
    printed: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(console, "emit", printed.append)
        console.emit_csv(("a", "b"), [(text, 1)])
    head, row = csv.reader(io.StringIO("".join(printed)))
    assert (head, row[1]) == (["a", "b"], "1")
    assert not row[0].startswith(("=", "+", "-", "@"))


@given(HOSTILE)
def test_the_last_door_lets_nothing_through(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        out = io.StringIO()
        patch.setattr("sys.stdout", out)
        console.emit(text)
    assert is_fit(out.getvalue())


@given(HOSTILE)
def test_evidence_is_ascii_and_read_back_as_it_was(text: str) -> None:
    decided = triage(seen(text).vectors, TablePolicy(), Criteria())
    written = write_evidence(module(text), decided)
    assert written.isascii()
    assert "\x1b" not in written
    read = read_evidence(written).accesses
    assert [access.evidence.uses for access in read] == [access.evidence.shown() for access in explained(decided)]
