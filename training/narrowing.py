"""The second convolutions made narrower in the middle: half the work, with what the inputs vary in least given up."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from training.encoder import BRANCH, ORDERS, Encoder, scores

RANK = 96
LEAST = 1e-4


def narrow(model: Encoder, sample: list[list[int]]) -> None:
    """Replaces the weights by the nearest of rank ``RANK``, near being told by how ``sample`` of texts varies (whitened SVD)."""
    for i, (order, spread) in enumerate(zip(ORDERS, _spreads(model, sample), strict=True)):
        weight = side_by_side(model.second[i].weight.detach().numpy(), order)
        values, vectors = np.linalg.eigh(spread / np.trace(spread) * BRANCH)
        root = np.sqrt(np.maximum(values, LEAST))
        u, s, vt = np.linalg.svd(vectors * root @ vectors.T @ weight, full_matrices=False)
        near = (vectors / root @ vectors.T) @ (u[:, :RANK] * s[:RANK]) @ vt[:RANK]
        stacked = np.concatenate(np.split(near, order, axis=1), axis=0)
        model.second[i].weight.data = torch.tensor(stacked.T.copy(), dtype=torch.float32)


def side_by_side(weight: NDArray[np.float32], order: int) -> NDArray[np.float32]:
    """``[branch, neighbour * branch]`` of a layer's ``[branch, neighbour * branch]`` whose inputs stand end to end."""
    return np.concatenate(np.split(weight.T, order, axis=0), axis=1)


def halves(weight: NDArray[np.float32], order: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Two factors of a narrowed weight."""
    u, s, vt = np.linalg.svd(side_by_side(weight, order), full_matrices=False)
    root = np.sqrt(s[:RANK])
    return u[:, :RANK] * root, root[:, None] * vt[:RANK]


def _spreads(model: Encoder, sample: list[list[int]]) -> list[NDArray[np.float32]]:
    """How the inputs of the second convolutions vary together: sums of their outer products."""
    found = [np.zeros((BRANCH, BRANCH), dtype=np.float32) for _ in ORDERS]

    def watch(which: int) -> torch.utils.hooks.RemovableHandle:
        def note(_: nn.Module, inputs: tuple[Tensor, ...], __: Tensor) -> None:
            rows = inputs[0].detach().reshape(-1, BRANCH).numpy()
            found[which] += rows.T @ rows

        return model.second[which].register_forward_hook(note)

    watching = [watch(which) for which in range(len(ORDERS))]
    scores(model, sample)
    for one in watching:
        one.remove()
    return found
