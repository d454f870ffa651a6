"""The trained parts made small: eight bits a weight with a size a row or a column, and all in one bundle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from folkmoot.understanding.reading import bundle
from folkmoot.understanding.reading.heads import Mix
from training import narrowing
from training.encoder import BRANCH, ORDERS, Encoder
from training.original import Original

LARGEST = 127
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Linear:
    """Weights ``[bucket, head]`` and levels ``[head]`` of the n-gram half."""

    weights: Floats
    levels: Floats


def grams(linear: Linear) -> dict[str, bundle.Array]:
    """Eight-bit signed roots of the weights, a size a head."""
    largest = np.abs(linear.weights).max(axis=0) + 1e-9
    roots = np.rint(np.sign(linear.weights) * np.sqrt(np.abs(linear.weights) / largest) * LARGEST).astype(np.int8)
    return {
        "grams": roots,
        "gram_sizes": (largest / LARGEST**2).astype(np.float32),
        "gram_levels": linear.levels.astype(np.float32),
    }


def as_read(linear: Linear) -> Linear:
    """The linear half as it is after packing: what is measured is what ships."""
    packed = grams(linear)
    roots = packed["grams"].astype(np.float32)
    return Linear(roots * np.abs(roots) * packed["gram_sizes"], linear.levels)


def encoder(model: Encoder, start: Original) -> dict[str, bundle.Array]:
    state = {name: tensor.detach().numpy() for name, tensor in model.state_dict().items()}
    vectors = state["vectors.weight"]
    sizes = np.abs(vectors).max(axis=1) / LARGEST + 1e-9
    found: dict[str, bundle.Array] = {
        "vectors": np.rint(vectors / sizes[:, None]).astype(np.int8),
        "vector_sizes": sizes.astype(np.float32),
        "pieces": bundle.lines(start.pieces),
        "piece_scores": np.array(start.scores, dtype=np.float32),
    }
    own = {
        "scale": state["scale"],
        "shift": state["shift"],
        "level": state["level.weight"],
        "level_b": state["level.bias"],
    }
    for name in ("project", "mean", "heads"):
        own |= {name: state[f"{name}.weight"].T, f"{name}_b": state[f"{name}.bias"]}
    own |= {name: state[f"{name}.weight"].T for name in ("d0", "d1", "d2", "d3", "p1", "p3")}
    for i, order in enumerate(ORDERS):
        first = state[f"first.{i}.weight"].T.reshape(order, BRANCH, BRANCH)
        own |= {f"first{order}": np.concatenate(list(first), axis=1), f"first{order}_b": state[f"first.{i}.bias"]}
        inward, outward = narrowing.halves(state[f"second.{i}.weight"], order)
        own |= {f"narrow{order}": inward, f"second{order}": outward, f"second{order}_b": state[f"second.{i}.bias"]}
    return found | {f"encoder.{name}": array.astype(np.float16) for name, array in own.items()}


def pack(path: Path, facts: dict[str, object], parts: dict[str, bundle.Array], mix: Mix) -> str:
    return bundle.write(
        path, facts, parts | {name: getattr(mix, name).astype(np.float32) for name in ("trust", "doubt", "cuts")}
    )
