# SPDX-License-Identifier: GPL-2.0-or-later
"""Private types from a real recording of the repository (ten daemons, complete mode), against the real base."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from policytool.check.findings import Severity
from policytool.daemons import load_daemons
from policytool.generate.skeleton import skeleton
from policytool.generate.triage import Cure
from policytool.generate.writers.cil import write_cil
from policytool.generate.writers.fc import write_fc
from policytool.generate.writers.interface import write_interfaces
from policytool.generate.writers.te import write_te
from policytool.graph.owners import Owners
from policytool.graph.permission_graph import PermissionGraph, build
from policytool.model.access import AccessVector, merge_vectors
from policytool.model.daemon import Daemon
from policytool.model.module import FileKind, PolicyModule
from policytool.model.observation import Observations
from policytool.model.own_path import Labelling
from policytool.policy.aliases import without_aliases
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.relabel_source import Relabelled
from policytool.toolchain.base import Base
from policytool.toolchain.build import build as build_modules
from policytool.toolchain.labels import FileContextLabels
from policytool.toolchain.link import Linked, link
from policytool.toolchain.setfiles import check_file_contexts
from policytool.traces.bundle.bundle import read_trace
from policytool.workflow.labelling import find_labelling
from policytool.workflow.mapping import Mapped, map_targets

TRACE = Path(__file__).resolve().parents[2] / "traces" / "small" / "complete"

pytestmark = pytest.mark.base


@dataclass(frozen=True)
class Made:
    """Everything on the way from the recording to mapped accesses."""

    seen: Observations
    graph: PermissionGraph
    present: Sequence[Daemon]
    policy: CompiledPolicy
    labels: FileContextLabels
    labelling: Mapping[str, Labelling]
    skeletons: Mapping[str, PolicyModule]
    linked: Linked
    mapped: Mapped

    def again(self, seen: Observations) -> Mapping[str, Labelling]:
        return find_labelling(build(seen), self.present, load_daemons(), self.policy, self.labels)


@pytest.fixture(scope="module")
def made(virt_base: Base) -> Made:
    plain = link(virt_base, {}, neverallow=False)
    assert isinstance(plain, Linked)
    policy, labels = CompiledPolicy(plain.policy), FileContextLabels(plain.file_contexts)
    seen = without_aliases(read_trace(str(TRACE)), policy)
    graph = build(seen)
    present = Owners(load_daemons(), policy.types).present(graph.vectors())
    labelling = find_labelling(graph, present, load_daemons(), policy, labels)
    skeletons = {
        daemon.domain: skeleton(
            daemon,
            graph,
            virt_base.identity,
            extends=daemon.domain in policy.types,
            labelling=labelling.get(daemon.domain, Labelling()),
        )
        for daemon in present
    }
    linked = link(virt_base, {module.name: write_cil(module) for module in skeletons.values()})
    assert isinstance(linked, Linked), "neverallow rules hold"
    mapped = map_again(seen, skeletons, policy, labels, linked)
    return Made(seen, graph, present, policy, labels, labelling, skeletons, linked, mapped)


def map_again(
    seen: Observations,
    skeletons: Mapping[str, PolicyModule],
    policy: CompiledPolicy,
    before: FileContextLabels,
    linked: Linked,
) -> Mapped:
    entries = [entry for module in skeletons.values() for entry in module.file_contexts]
    labels = FileContextLabels(linked.file_contexts)
    domains = frozenset(skeletons)
    sources = Relabelled(seen.vectors, ())
    return map_targets(sources, entries, domains, policy, CompiledPolicy(linked.policy), before, labels)


@pytest.mark.parametrize(("domain", "kept"), [("virtd_t", True), ("virtlxcd_t", False)])
def test_what_a_replaced_daemon_does_makes_nothing_of_theirs_its_own(made: Made, domain: str, kept: bool) -> None:
    # Another daemon does whatever virtnetworkd was seen doing: then nothing is virtnetworkd's alone.
    others = tuple(
        replace(vector, source=replace(vector.source, type_=domain))
        for vector in made.seen.vectors
        if vector.source.type_ == "virtnetworkd_t"
    )
    again = made.again(replace(made.seen, vectors=merge_vectors((*made.seen.vectors, *others))))
    own, before = again["virtnetworkd_t"].private, made.labelling["virtnetworkd_t"].private
    assert before
    assert (own == before) is kept


def test_each_daemon_has_what_is_its_own(made: Made) -> None:
    own = {
        domain: {
            entry.path
            for private in labelling.private
            for entry in private.own
            if entry.kind is not FileKind.SOCKET
        }
        for domain, labelling in made.labelling.items()
    }
    assert own["virtqemud_t"] == {
        "/etc/libvirt/qemu",
        "/run/libvirt/hostdevmgr",
        "/run/virtqemud.pid",
        "/var/cache/libvirt/qemu",
    }
    assert own["virtsecretd_t"] == {"/run/libvirt/secrets", "/run/virtsecretd.pid"}
    assert own["virtproxyd_t"] == {"/run/virtproxyd.pid"}, "libvirtd claims its sockets, too"
    assert "/etc/libvirt/qemu/networks" in own["virtnetworkd_t"]
    assert own["virtlogd_t"] == set(), "a domain of the base keeps the base's types"
    labelled = {
        (transition.tclass, transition.name): transition.default
        for transition in made.labelling["virtlogd_t"].transitions
    }
    assert labelled == {("dir", "common"): "virt_common_runtime_t"}, "and labels what it makes as the base has it"
    everywhere = set().union(*own.values())
    for shared in ("/run", "/run/libvirt", "/run/libvirt/common", "/var/lib/libvirt", "/etc/libvirt"):
        assert shared not in everywhere
    for known in ("/run/libvirt/network", "/run/libvirt/qemu", "/var/lib/libvirt/images", "/var/lib/libvirt/qemu"):
        assert not any(path == known or path.startswith(f"{known}/") for path in everywhere)


def test_setfiles_takes_the_file_contexts_and_each_has_its_effect(made: Made) -> None:
    assert check_file_contexts(made.linked.policy, made.linked.file_contexts) == ()
    labels = FileContextLabels(made.linked.file_contexts)
    for labelling in made.labelling.values():
        for private in labelling.private:
            for own in private.own:
                assert labels.types([own.path], own.kind) == {own.path: private.name}


def test_no_other_path_of_the_recording_changes_its_label(made: Made) -> None:
    after = FileContextLabels(made.linked.file_contexts)
    own = [entry for labelling in made.labelling.values() for private in labelling.private for entry in private.own]
    paths = {
        use.path
        for vector in made.seen.vectors
        for use, _ in vector.evidence.uses
        if use.path.startswith(("/run/", "/var/", "/etc/")) and "\n" not in use.path
    }
    others = [path for path in paths if not any(entry.holds(made.labels.canonical(path)) for entry in own)]
    assert others
    for kind in (FileKind.FILE, FileKind.DIR):
        assert after.types(others, kind) == made.labels.types(others, kind)


def test_no_private_type_carries_what_a_replaced_one_does_not(made: Made) -> None:
    for labelling in made.labelling.values():
        for private in labelling.private:
            for replaced in private.replaces:
                assert set(private.attributes) <= made.policy.attributes_of(replaced)


def test_a_second_recording_would_find_the_same_types(made: Made) -> None:
    second = replace(made.seen, vectors=tuple(sorted(made.mapped.vectors, key=lambda vector: vector.sort_key)))
    assert made.again(second) == made.labelling
    again = map_again(second, made.skeletons, made.policy, made.labels, made.linked)
    assert set(again.vectors) == set(second.vectors), "what was recorded under the skeleton maps to itself"
    assert again.cured == ()


def test_every_decision_is_mapped_and_what_cannot_be_told_is_listed_besides(made: Made) -> None:
    assert decisions(made.seen.vectors) == decisions(made.mapped.vectors)
    mapped = {vector.key for vector in made.mapped.vectors}
    assert made.mapped.cured
    for triaged in made.mapped.cured:
        assert triaged.cure is Cure.UNMAPPED, "every file of the lab was labelled"
        assert triaged.vector.key in mapped, "the rule on the old type stays"


def decisions(vectors: Iterable[AccessVector]) -> int:
    """Count them, but for those on socket files: a connection that is mapped implies one more."""
    return sum(
        vector.evidence.count for vector in vectors if (vector.tclass, vector.perm) != ("sock_file", "write")
    )


def test_who_connects_to_a_daemon_may_reach_its_socket(made: Made) -> None:
    keys = {vector.key for vector in made.mapped.vectors}
    assert ("virsh_t", "virtqemud_runtime_t", "sock_file", "write") in keys
    assert ("virsh_t", "virtqemud_t", "unix_stream_socket", "connectto") in keys
    assert ("virtqemud_t", "virtnetworkd_runtime_t", "sock_file", "write") in keys


def test_a_folder_with_the_name_of_a_macro_compiles(made: Made, virt_base: Base, tmp_path: Path) -> None:
    module = made.skeletons["virtinterfaced_t"]
    assert any(entry.pattern == "/run/libvirt/interface(/.*)?" for entry in module.file_contexts)
    folder = tmp_path / module.name
    folder.mkdir()
    for ending, text in (("te", write_te(module)), ("if", write_interfaces(module)), ("fc", write_fc(module))):
        (folder / f"{module.name}.{ending}").write_text(text)
    built = build_modules([folder], virt_base)
    assert [finding.message for finding in built.findings if finding.severity is Severity.ERROR] == []
    (form,) = built.formats
    assert '"interface" virtinterfaced_runtime_t' in form.modules[0].cil
