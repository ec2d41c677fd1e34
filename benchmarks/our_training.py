"""A contender: the project's own training steps, on its own input as stage `train` makes it, or on one batch."""

import itertools
import sys
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from benchmarks.measurement import answer
from benchmarks.rounds import BATCH_SIZE, CLASSES, MEAN, SGD, STEPS, describe_round, draw_split, now
from pipeline.model.variants import LayoutName
from pipeline.training.backend import Backend, Device, Precision, set_up_backend

THREADS = 2


def prepare_rounds(
    network: str,
    layout: LayoutName,
    width: str,
    backend: Backend = "tensorflow",
    device: Device = "cpu",
    precision: Precision = "float32",
    batch_size: str = str(BATCH_SIZE),
    source: Literal["input", "flip and shift", "constant"] = "input",
) -> Callable[[], dict[str, float]]:
    """Build a network and its step, and give what trains it for a round.

    The data come from the input, without or with augmentation, or are one batch again and again.
    """
    set_up_backend(backend, device, precision, THREADS, 1)
    from pipeline.model.initialization import initialize_weights
    from pipeline.model.network import build_network
    from pipeline.training.average import AverageWeights
    from pipeline.training.optimization import compile_network
    from pipeline.training.steps import build_step

    model = build_network(
        network, layout=layout, width=float(width), learning="arl", classes=CLASSES, dropout=0.0, l2=0.0
    )
    initialize_weights(model, 0)
    settings = {"momentum": SGD["momentum"], "weight_decay": SGD["weight_decay"]}
    compile_network(model, optimizer="sgd", label_smoothing=0.0, **settings)
    batches = iter(build_input(int(batch_size), 4 if source == "flip and shift" else 0))
    if source == "constant":
        batches = itertools.repeat(next(batches))
    step = build_step(model, AverageWeights(model, 0.0))

    def train_round() -> dict[str, float]:
        ends = []
        for _ in range(STEPS):
            images, labels = next(batches)
            step(images, labels, np.float32(SGD["learning_rate"]))
            ends.append(now())
        step.wait()
        return describe_round([*ends[:-1], now()], int(batch_size))

    return train_round


def build_input(batch_size: int, shift_pixels: int) -> Any:
    """The project's input from random images, flipped if it shifts them too."""
    from pipeline.cifar.augmentation import Augmentation
    from pipeline.cifar.batches import Split, build_batches

    return build_batches(
        Split(*draw_split(batch_size * STEPS)),
        MEAN,
        classes=CLASSES,
        batch_size=batch_size,
        seed=0,
        epochs=range(1_000_000),
        augmentation=Augmentation(shift_pixels > 0, shift_pixels, 0.0, 0.0, "mean", 0, 0.0),
        threads=THREADS,
    )


if __name__ == "__main__":
    answer(prepare_rounds(*sys.argv[1:]))  # type: ignore[arg-type]
