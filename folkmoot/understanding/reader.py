"""Who reads for a workspace: the product's model, with what its people taught laid over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from folkmoot.understanding import layer, quality
from folkmoot.understanding.layer import Weights
from folkmoot.understanding.models import Layer
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
    used = Layer.objects.filter(workspace=workspace_id, state=Layer.State.USED, base=under.version).order_by("pk")
    ids = list(used.values_list("pk", flat=True))
    if not ids:
        return under
    version = version_of(under.version, ids)
    known = _LAYERED.get(workspace_id)
    if known is None or known.version != version:
        weights = {one.facet: Weights.load(bytes(one.weights)) for one in used}
        known = _LAYERED[workspace_id] = Layered(under, weights, version)
    return known


def version_of(base_version: str, layer_ids: list[int]) -> str:
    return f"{base_version}+{'.'.join(map(str, layer_ids))}"
