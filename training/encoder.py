"""The sentence encoder in PyTorch, with one head a label, fine-tuned on all tasks at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import structlog
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from folkmoot.understanding.reading.contract import INTENTS, SENTIMENTS
from training.original import Original
from training.targets import AT, HEADS

WIDTH, BRANCH = 512, 256
ORDERS = (2, 3)  # of the original's 2, 3 and 5: the widest costs half of all the work and adds little
FEATURES = WIDTH + BRANCH * len(ORDERS)
LONGEST = 96
BATCH_PIECES = 3000
CHOICES = tuple([AT[name] for name in names] for names in (SENTIMENTS, INTENTS))
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Plan:
    """How to fine-tune: passes over the rows, the highest rate of learning (of the vectors apart), and chance's seed."""

    passes: int = 2
    rate: float = 1e-3
    vector_rate: float = 1e-3
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Lessons:
    """Texts as numbers of pieces, what they teach ``[text, head]``, and the number of each one's source.

    Sources differ in what they call toxic or negative; each one's habits are learnt apart and left out in use.
    """

    numbers: list[list[int]]
    values: NDArray[np.float32]
    weights: NDArray[np.float32]
    source: NDArray[np.int64]


class Encoder(nn.Module):
    """Vectors of pieces, three stacks of two convolutions (2, 3 and 5 pieces wide), mean and maximum, a small tower."""

    def __init__(self, start: Original, sources: int) -> None:
        super().__init__()
        self.vectors = nn.Embedding.from_pretrained(torch.tensor(start.vectors), freeze=False, sparse=True)
        self.project = _linear(
            np.concatenate([start.weights[f"proj{n}"] for n in ORDERS], axis=1),
            np.concatenate([start.weights[f"proj_b{n}"] for n in ORDERS]),
        )
        self.scale = nn.Parameter(_joined(start, "ln_g"))
        self.shift = nn.Parameter(_joined(start, "ln_b"))
        self.first = nn.ModuleList([_linear(start.weights[f"w1_{n}"], start.weights[f"b1_{n}"]) for n in ORDERS])
        self.second = nn.ModuleList([_linear(start.weights[f"w2_{n}"], start.weights[f"b2_{n}"]) for n in ORDERS])
        self.level = Scaled(start.weights["ln_g"][:FEATURES], start.weights["ln_b"][:FEATURES])
        self.mean = _linear(start.weights["cnn_W"][:FEATURES], start.weights["cnn_b"])
        self.d0, self.d1, self.d2, self.d3, self.p1, self.p3 = (
            _linear(start.weights[name], None) for name in ("d0", "d1", "d2", "d3", "p1", "p3")
        )
        self.heads = nn.Linear(WIDTH * 2 + FEATURES, len(HEADS))
        nn.init.normal_(self.heads.weight, std=0.01)
        nn.init.zeros_(self.heads.bias)
        self.habits = nn.Embedding(sources, len(HEADS))
        nn.init.zeros_(self.habits.weight)
        self.drop_piece, self.drop, self.drop_head = 0.08, nn.Dropout(0.1), nn.Dropout(0.3)

    def body(self, pieces: Tensor, real: Tensor) -> Tensor:
        """The representation ``[text, features]`` of pieces ``[text, place]``; ``real`` is 0 where a place is filling."""
        mask = real.unsqueeze(2)
        raw = self.vectors(pieces)
        if self.training:
            raw = raw * (torch.rand(raw.shape[:2], device=raw.device) > self.drop_piece).unsqueeze(2)
        parts = self.project(raw).unflatten(2, (len(ORDERS), BRANCH))
        parts = functional.layer_norm(parts.flatten(2), (BRANCH * len(ORDERS),)) * self.scale + self.shift
        parts = self.drop(parts) * mask
        branches = [raw]
        for i, order in enumerate(ORDERS):
            x = parts[:, :, i * BRANCH : (i + 1) * BRANCH]
            h = (functional.relu(self.first[i](_windows(x, order))) + x) * mask
            branches.append(functional.relu(self.second[i](_windows(h, order))) + h)
        leveled = functional.layer_norm(torch.cat(branches, dim=2), (FEATURES,))
        count = real.sum(dim=1, keepdim=True)
        summed = (self.level(leveled) * mask).sum(dim=1) / count.sqrt()
        peak = leveled.masked_fill(mask == 0, -30.0).amax(dim=1) * self.level.weight + self.level.bias
        mean = self.mean.weight @ summed.T
        mean = mean.T + self.mean.bias * count.sqrt()
        y1 = functional.relu(self.p1(mean) + self.d1(functional.relu(self.d0(mean))))
        z = torch.tanh(self.p3(y1) + self.d3(functional.relu(self.d2(y1))))
        z = z / z.norm(dim=1, keepdim=True) * 8.0
        return torch.cat([mean, z, peak], dim=1)

    def forward(self, pieces: Tensor, real: Tensor, source: Tensor | None = None) -> Tensor:
        scores = self.heads(self.drop_head(self.body(pieces, real)))
        return scores if source is None else scores + self.habits(source)


class Scaled(nn.Module):
    """Each feature times a weight plus a level of its own."""

    def __init__(self, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))
        self.bias = nn.Parameter(torch.tensor(bias))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight + self.bias


def _linear(weight: NDArray[np.float32], bias: NDArray[np.float32] | None) -> nn.Linear:
    made = nn.Linear(*weight.shape, bias=bias is not None)
    made.weight.data = torch.tensor(weight.T.copy())
    if bias is not None:
        made.bias.data = torch.tensor(bias)
    return made


def _joined(start: Original, name: str) -> Tensor:
    return torch.tensor(np.concatenate([start.weights[f"{name}{n}"] for n in ORDERS]))


def _windows(x: Tensor, order: int) -> Tensor:
    """Each place beside its neighbours, ``order`` places in all; nothing stands beyond the ends."""
    left = (order - 1) // 2
    wide = functional.pad(x, (0, 0, left, order - 1 - left))
    return torch.cat([wide[:, i : i + x.shape[1]] for i in range(order)], dim=2)


def batches(lengths: NDArray[np.int64], rng: np.random.Generator | None) -> list[NDArray[np.int64]]:
    """Row numbers in batches of about the same length and number of pieces, in random order if ``rng`` is given."""
    noise = rng.random(len(lengths)) * 3 if rng else 0
    order = np.argsort(lengths + noise, kind="stable")
    made, start = [], 0
    while start < len(order):
        size = max(1, BATCH_PIECES // int(lengths[order[start : start + 400]].max()))
        made.append(order[start : start + size])
        start += size
    if rng:
        rng.shuffle(made)  # type: ignore[arg-type]
    return made


def padded(numbers: list[list[int]], chosen: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    longest = max(len(numbers[i]) for i in chosen)
    pieces = np.zeros((len(chosen), longest), dtype=np.int64)
    real = np.zeros((len(chosen), longest), dtype=np.float32)
    for row, i in enumerate(chosen):
        pieces[row, : len(numbers[i])] = numbers[i]
        real[row, : len(numbers[i])] = 1
    return torch.from_numpy(pieces), torch.from_numpy(real)


def loss(scores: Tensor, values: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy of the choices and of the yes-or-no heads, over what the rows teach; the mean over rows."""
    known = ~torch.isnan(values)
    filled = torch.nan_to_num(values)
    single = functional.binary_cross_entropy_with_logits(scores, filled, reduction="none") * known * weights
    total = scores.new_zeros(())
    alone = torch.ones(scores.shape[1], dtype=torch.bool)
    for columns in CHOICES:
        whole = known[:, columns].all(dim=1) & (filled[:, columns].sum(dim=1) > 0.5)
        picked = (
            -(functional.log_softmax(scores[:, columns], dim=1) * filled[:, columns]).sum(dim=1)
            * weights[:, columns[0]]
        )
        total = total + (picked * whole).sum()
        partial = known[:, columns] & ~whole.unsqueeze(1)
        total = total + (single[:, columns] * partial).sum()
        alone[columns] = False
    return (total + single[:, alone].sum()) / scores.shape[0]


def fine_tune(model: Encoder, lessons: Lessons, plan: Plan) -> None:
    torch.manual_seed(plan.seed)
    rng = np.random.default_rng(plan.seed)
    lengths = np.array([len(row) for row in lessons.numbers])
    tuner = Tuner(model, plan, plan.passes * len(batches(lengths, rng)))
    values, weights, source = map(torch.from_numpy, (lessons.values, lessons.weights, lessons.source))
    model.train()
    for turn in range(plan.passes):
        for chosen in batches(lengths, rng):
            at = torch.from_numpy(chosen)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                found = model(*padded(lessons.numbers, chosen), source[at])
            cost = loss(found.float(), values[at], weights[at])
            tuner.step(cost)
            if tuner.done % 100 == 0:
                log.info("encoder", turn=turn, done=tuner.done, of=tuner.steps, loss=round(float(cost.detach()), 3))
    model.eval()


class Tuner:
    """AdamW for what is dense, its sparse sister for the vectors; the rate rises over a while, then falls to nothing."""

    RISE = 300
    SHARES = (0.3, 2.0)  # of the rate: for what the encoder knew before, and for the new heads

    def __init__(self, model: Encoder, plan: Plan, steps: int) -> None:
        new = [*model.heads.parameters(), *model.habits.parameters()]
        known = {id(p) for p in (*new, model.vectors.weight)}
        self.old = [p for p in model.parameters() if id(p) not in known]
        self.dense = torch.optim.AdamW([{"params": self.old}, {"params": new}], lr=plan.rate, weight_decay=0.01)
        self.sparse = torch.optim.SparseAdam([model.vectors.weight], lr=plan.vector_rate)
        self.plan, self.steps, self.done = plan, steps, 0

    def step(self, cost: Tensor) -> None:
        factor = min(1.0, self.done / self.RISE) * max(0.0, 1 - self.done / self.steps)
        for group, share in zip(self.dense.param_groups, self.SHARES, strict=True):
            group["lr"] = self.plan.rate * share * factor
        self.sparse.param_groups[0]["lr"] = self.plan.vector_rate * factor
        self.dense.zero_grad()
        self.sparse.zero_grad()
        cost.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.old, 1.0)
        self.dense.step()
        self.sparse.step()
        self.done += 1


@torch.no_grad()
def scores(model: Encoder, numbers: list[list[int]]) -> NDArray[np.float32]:
    """``[text, head]``, without any source's habits."""
    model.eval()
    found = np.empty((len(numbers), len(HEADS)), dtype=np.float32)
    for chosen in batches(np.array([len(row) for row in numbers]), None):
        found[chosen] = model(*padded(numbers, chosen)).float().numpy()
    return found
