"""A contender: the project's own training steps on its own input, as stage `train` makes them."""

import sys
from collections.abc import Callable

import numpy as np

from benchmarks.measurement import answer
from benchmarks.rounds import BATCH_SIZE, CLASSES, MEAN, SGD, STEPS, describe_round, draw_split, now
from pipeline.model.variants import LayoutName
from pipeline.training.backend import set_up_backend


def prepare_rounds(network: str, layout: LayoutName, width: str) -> Callable[[], dict[str, float]]:
    """Build a network and its step, and give what trains it for a round."""
    set_up_backend("tensorflow", "cpu", "float32", 2)
    from pipeline.cifar.augmentation import Augmentation
    from pipeline.cifar.batches import Split, build_batches
    from pipeline.model.initialization import initialize_weights
    from pipeline.model.network import build_network
    from pipeline.training.optimization import compile_network
    from pipeline.training.steps import AverageWeights, build_step

    model = build_network(
        network, layout=layout, width=float(width), learning="arl", classes=CLASSES, dropout=0.0, l2=0.0
    )
    initialize_weights(model, 0)
    settings = {"momentum": SGD["momentum"], "weight_decay": SGD["weight_decay"]}
    compile_network(model, optimizer="sgd", label_smoothing=0.0, **settings)
    batches = iter(
        build_batches(
            Split(*draw_split(BATCH_SIZE * STEPS)),
            MEAN,
            classes=CLASSES,
            batch_size=BATCH_SIZE,
            seed=0,
            epochs=range(1000),
            augmentation=Augmentation(False, 0, 0.0, 0.0, "mean", 0, 0.0),
            threads=2,
        )
    )
    step = build_step(model, AverageWeights(model, 0.0))

    def train_round() -> dict[str, float]:
        ends = []
        for _ in range(STEPS):
            images, labels = next(batches)
            step(images, labels, np.float32(SGD["learning_rate"]))
            ends.append(now())
        step.wait()
        return describe_round([*ends[:-1], now()])

    return train_round


if __name__ == "__main__":
    answer(prepare_rounds(*sys.argv[1:]))  # type: ignore[arg-type]
