"""Who reads for a workspace: the product's model, with what its people taught laid over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from time import monotonic

from django.db.models import QuerySet

from folkmoot.understanding import layer, quality
from folkmoot.understanding.layer import Weights
from folkmoot.understanding.models import Layer
from folkmoot.understanding.reading import model as trained
from folkmoot.understanding.reading import reader as packaged
from folkmoot.understanding.reading.bundle import UnreadableBundle
from folkmoot.understanding.reading.contract import Reading, Reads


class NoModel(Exception):
    """This installation lacks the file that the product's model is in."""


class Careful:
    """A model that is not sure, by language, of what was never proven on people's own labels in that language."""

    def __init__(self, under: Reads, unproven: Mapping[str, frozenset[str]]) -> None:
        self.version = under.version
        self._under = under
        self._unproven = unproven

    def read(self, texts: list[str]) -> list[Reading]:
        return [self._doubted(reading) for reading in self._under.read(texts)]

    def _doubted(self, reading: Reading) -> Reading:
        doubts = self._unproven.get(reading.language)
        return replace(reading, unsure=reading.unsure | doubts) if doubts else reading


@cache
def base() -> Reads:
    """The product's model, loaded once a process. Raises ``NoModel``."""
    try:
        return Careful(packaged.reader(), quality.unproven())
    except (UnreadableBundle, FileNotFoundError) as error:
        raise NoModel(str(error)) from error


def base_version() -> str:
    """Which version ``base`` is, without loading it. Raises ``NoModel``."""
    try:
        return trained.version()
    except (UnreadableBundle, FileNotFoundError) as error:
        raise NoModel(str(error)) from error


def rest(seconds: float) -> bool:
    """Lets go of the model if nothing was read for so long: a process that waits needs none of its memory. Whether it
    did."""
    if not trained.model.cache_info().currsize or monotonic() - trained.model().used < seconds:
        return False
    _LAYERED.clear()
    for kept in (base, packaged.reader, trained.model):
        kept.cache_clear()
    return True


@dataclass(slots=True)
class Layered:
    """A model with layers on top, by facet; its version names both."""

    under: Reads
    layers: Mapping[str, Weights]
    version: str

    def read(self, texts: list[str]) -> list[Reading]:
        readings = layer.relaid(self.under.read(texts), texts, self.layers)
        return [replace(reading, version=self.version) for reading in readings]


_LAYERED: dict[int, Layered] = {}


def of(workspace_id: int) -> Reads:
    """Who reads for this workspace now; layers made for another version of the base wait until they are learnt anew."""
    under = base()
    used = _used(workspace_id, under.version)
    ids = list(used.values_list("pk", flat=True))
    if not ids:
        return under
    version = version_of(under.version, ids)
    known = _LAYERED.get(workspace_id)
    if known is None or known.version != version:
        weights = {one.facet: Weights.load(bytes(one.weights)) for one in used}
        known = _LAYERED[workspace_id] = Layered(under, weights, version)
    return known


def version(workspace_id: int) -> str:
    """Which version ``of`` this workspace is, without loading it. Raises ``NoModel``."""
    known = base_version()
    ids = list(_used(workspace_id, known).values_list("pk", flat=True))
    return version_of(known, ids) if ids else known


def _used(workspace_id: int, base: str) -> QuerySet[Layer]:
    return Layer.objects.filter(workspace=workspace_id, state=Layer.State.USED, base=base).order_by("pk")


def version_of(base_version: str, layer_ids: list[int]) -> str:
    return f"{base_version}+{'.'.join(map(str, layer_ids))}"
