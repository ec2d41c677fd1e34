"""A contender: the project's own training steps, on its own input as stage `train` makes it, or on one batch."""

import itertools
import sys
import time
from collections.abc import Callable
from typing import Literal

import numpy as np

from benchmarks.our_input import THREADS, build_input
from benchmarks.processes import answer
from benchmarks.rounds import BATCH_SIZE, CLASSES, SGD, STEPS, describe_round
from pipeline.compute.backend import set_up_backend
from pipeline.settings.sections import Backend, Device, LayoutName, Precision


def prepare_rounds(
    network: str,
    layout: LayoutName,
    width: str,
    backend: Backend = "tensorflow",
    device: Device = "cpu",
    precision: Precision = "float32",
    batch_size: str = str(BATCH_SIZE),
    source: Literal["none", "flip and shift", "constant"] = "none",
) -> Callable[[], dict[str, float]]:
    """Build a network and its step, and give what trains it for a round.

    The data come from the input with one of its settings of augmentation, or are one batch again and again.
    """
    set_up_backend(backend, device, precision, THREADS, 1)
    from pipeline.model.initialization import initialize_weights
    from pipeline.model.network import build_network
    from pipeline.training.average import AverageWeights
    from pipeline.training.optimization import compile_network
    from pipeline.training.steps import build_step

    model = build_network(
        network,
        layout=layout,
        width=float(width),
        learning="arl",
        attention="mixed",
        mask="hourglass",
        classes=CLASSES,
        dropout=0.0,
        l2=0.0,
    )
    initialize_weights(model, 0, zero_init_residual=False)
    settings = {"momentum": SGD["momentum"], "weight_decay": SGD["weight_decay"]}
    compile_network(model, optimizer="sgd", decayed="all", label_smoothing=0.0, **settings)
    batches = build_input(int(batch_size) * STEPS, int(batch_size), "none" if source == "constant" else source)
    if source == "constant":
        batches = itertools.repeat(next(batches))
    step = build_step(model, AverageWeights(model, 0.0))

    def train_round() -> dict[str, float]:
        ends = []
        for _ in range(STEPS):
            images, labels = next(batches)
            step(images, labels, np.float32(SGD["learning_rate"]))
            ends.append(time.time())
        step.wait()
        return describe_round([*ends[:-1], time.time()], int(batch_size))

    return train_round


if __name__ == "__main__":
    answer(prepare_rounds(*sys.argv[1:]))  # type: ignore[arg-type]
