from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from conftest import Make, WordReader
from folkmoot.conversations.models import Message
from folkmoot.flow import jobs, reading
from folkmoot.understanding import actions, layer, learning, queries, reader
from folkmoot.understanding.actions import UnableTo
from folkmoot.understanding.layer import Example, Weights
from folkmoot.understanding.models import Correction, Layer, Reading, Rereading
from folkmoot.workspaces.models import Workspace

NOW = datetime(2026, 3, 9, 2, tzinfo=UTC)
PLACES = ["harbour", "market", "museum", "station", "garden", "castle", "bridge", "tower", "island", "forest"]
pytestmark = pytest.mark.usefixtures("words_are_read")


@pytest.fixture
def workspace(db: None) -> Workspace:
    return Workspace.objects.create(slug="moot", name="Moot")


def examples(marker: str = "glitch") -> list[Example]:
    """A base that takes everything for "other", and people who say that what has the marker is a complaint."""
    base = (0.03, 0.03, 0.03, 0.03, 0.03, 0.03, 0.82)
    told = [Example(f"{place} {marker} {when}", base, 1, told=True) for when in ("again", "today") for place in PLACES]
    told += [Example(f"{place} is open", base, 6, told=True) for place in PLACES]
    return told + [Example(f"{place} and {other}", base, 6, told=False) for place in PLACES for other in PLACES[:6]]


def test_a_layer_learns_what_people_say_and_leaves_the_rest() -> None:
    taught = layer.teach(examples(), layer.labels_of("intent"))
    assert taught is not None
    assert taught.before["complaint"] == 0
    assert taught.after["complaint"] > 0.9
    assert taught.kept == taught.quiet == 60
    assert taught.better
    base = [(0.03, 0.03, 0.03, 0.03, 0.03, 0.03, 0.82)] * 2
    found = layer.probabilities(taught.weights, layer.hashed(["ferry glitch again", "the ferry came"]), base)
    assert found.argmax(axis=1).tolist() == [1, 6]
    assert np.allclose(found.sum(axis=1), 1)


def test_a_layer_that_learns_nothing_is_the_base() -> None:
    weights = layer.fit([], 3)
    base = [(0.2, 0.5, 0.3), (0.9, 0.05, 0.05)]
    assert np.allclose(layer.probabilities(weights, layer.hashed(["a", "b"]), base), base)


def test_corrections_that_contradict_one_another_teach_nothing_better() -> None:
    base = (0.1, 0.8, 0.1)
    noise = [Example(f"{place} {n}", base, n % 3, told=True) for n, place in enumerate(PLACES * 6)]
    quiet = [Example(f"{place} and {other}", base, 1, told=False) for place in PLACES for other in PLACES]
    taught = layer.teach([*noise, *quiet], layer.labels_of("sentiment"))
    assert taught is not None
    assert taught.after["all"] < 0.5 or not taught.better


@pytest.mark.parametrize("told", [examples()[: layer.LEAST - 1], [one for one in examples() if one.label == 1]])
def test_too_little_teaches_nothing(told: list[Example]) -> None:
    assert layer.teach(told, layer.labels_of("intent")) is None


def test_weights_survive_being_stored() -> None:
    taught = layer.teach(examples(), layer.labels_of("intent"))
    assert taught is not None
    again = Weights.load(taught.weights.dump())
    words, base = layer.hashed(["a glitch at the tower", "the tower"]), [examples()[0].base] * 2
    before, after = layer.probabilities(taught.weights, words, base), layer.probabilities(again, words, base)
    assert np.abs(before - after).max() < 0.01


@pytest.mark.parametrize("facet", layer.FACETS)
def test_every_facet_can_be_relaid(facet: str) -> None:
    texts = ["awful and broken", "hello"]
    readings = WordReader().read(texts)
    labels = len(layer.labels_of(facet))
    weights = Weights(np.zeros((layer.WIDTH, labels)), np.eye(labels)[-1] * 9, 1.0)
    for one in layer.relaid(readings, texts, {facet: weights}):
        assert int(np.argmax(layer.base_of(one, facet))) == labels - 1


@pytest.fixture
def corrected(workspace: Workspace, make: Make) -> Workspace:
    """A team that calls every glitch a complaint, which the base takes for nothing in particular."""
    channel = make.channel(workspace, kind="forum")
    texts = [f"{place} glitch {when}" for when in ("again", "today") for place in PLACES]
    texts += [f"{place} is open, so much is sure" for place in PLACES]
    make.receive(channel, [make.seen(text=text, thread=f"t{n}", minute=n) for n, text in enumerate(texts)])
    reading.read(workspace.pk)
    for value, wanted in (("complaint", "glitch"), ("other", "open")):
        ids = Message.objects.filter(text__contains=wanted).values_list("pk", flat=True)
        actions.correct(workspace, list(ids), "intent", value, by=None, now=NOW - timedelta(hours=1))
    return workspace


def test_at_night_what_was_corrected_is_learnt_and_read_by(corrected: Workspace, make: Make) -> None:
    [made] = learning.learn(corrected.pk, now=NOW)
    assert (made.state, made.facet, made.corrections) == ("used", "intent", 30)
    assert made.after["complaint"] > made.before["complaint"]
    channel = make.channel(corrected, kind="forum")
    make.receive(channel, [make.seen(text="another glitch again", thread="new", minute=500)])
    reading.read(corrected.pk)
    found = Reading.objects.select_related("version").get(message__text__startswith="another")
    assert found.version.name == f"words+{made.pk}"
    assert queries.stands_of(found).says & 1 << 4  # a complaint


def test_what_is_learnt_already_is_not_learnt_again(corrected: Workspace) -> None:
    assert learning.corrected_workspaces() == [corrected.pk]
    assert len(learning.learn(corrected.pk, now=NOW)) == 1
    assert learning.learn(corrected.pk, now=NOW) == []
    Correction.objects.order_by("pk")[0].delete()
    assert len(learning.learn(corrected.pk, now=NOW)) == 1
    assert list(Layer.objects.order_by("pk").values_list("state", flat=True)) == ["replaced", "used"]


def test_what_nobody_may_learn_from_is_not_learnt_from(corrected: Workspace) -> None:
    Correction.objects.update(learn=False)
    assert learning.corrected_workspaces() == []
    assert learning.learn(corrected.pk, now=NOW) == []


def test_what_was_learnt_can_be_switched_off_and_on(corrected: Workspace) -> None:
    [made] = learning.learn(corrected.pk, now=NOW)
    assert reader.of(corrected.pk).version == f"words+{made.pk}"
    actions.switch(made, False, by=None)
    assert reader.of(corrected.pk).version == "words"
    Correction.objects.order_by("pk")[0].delete()
    assert learning.learn(corrected.pk, now=NOW) == []  # a person said no
    actions.switch(made, True, by=None)
    assert reader.of(corrected.pk).version == f"words+{made.pk}"


def test_what_is_not_better_can_not_be_used(corrected: Workspace) -> None:
    [made] = learning.learn(corrected.pk, now=NOW)
    made.state = Layer.State.WEAKER
    with pytest.raises(UnableTo):
        actions.switch(made, True, by=None)


def test_a_layer_for_another_version_of_the_model_waits(corrected: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    learning.learn(corrected.pk, now=NOW)
    monkeypatch.setattr(reader, "base", lambda: WordReader("newer"))
    assert reader.of(corrected.pk).version == "newer"
    assert [one.base for one in learning.learn(corrected.pk, now=NOW)] == ["newer"]


def test_the_night_reads_all_anew_with_what_was_learnt(corrected: Workspace) -> None:
    jobs.learn_all(0)
    jobs.learn(corrected.pk)
    while reading.outdated():
        jobs.reread(corrected.pk)
    assert {row.version.name for row in Reading.objects.select_related("version")} == {Rereading.objects.get().version}


def test_one_workspace_learns_nothing_from_another(corrected: Workspace) -> None:
    other = Workspace.objects.create(slug="other", name="Other")
    learning.learn(corrected.pk, now=NOW)
    assert learning.learn(other.pk, now=NOW) == []
    assert reader.of(other.pk).version == "words"
