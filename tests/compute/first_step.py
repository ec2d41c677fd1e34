"""One step of a recipe's network as the recipe says it, on random images.

Usage: python -m tests.compute.first_step RECIPE NETWORK [BACKEND IMAGES]

Prints the sha256 of all that a training remembers, the loss, and the trainable weights that did not move.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

from pipeline.compute.backend import set_up_backend
from pipeline.settings.params import load_params
from pipeline.settings.sections import Backend
from tests.tiny_repository import ROOT


def main(recipe: str, name: str, backend: Backend = "tensorflow", images_of_batch: str = "") -> None:
    params = load_params(ROOT / Path("recipes", f"{recipe}.yaml"))
    set_up_backend(backend, "cpu", params.compute.precision, params.compute.threads, 1)
    from pipeline.cifar.batches import Split, build_batches
    from pipeline.model.initialization import initialize_weights
    from pipeline.model.network import build_network
    from pipeline.training.average import AverageWeights
    from pipeline.training.optimization import compile_network
    from pipeline.training.state import collect_arrays
    from pipeline.training.steps import build_step

    classes = 100 if params.download.dataset == "cifar100" else 10
    settings, random = params.train, np.random.default_rng(0)
    count = int(images_of_batch or settings.batch_size)
    images = random.integers(0, 256, (count, 32, 32, 3), np.uint8)
    split = Split(images, random.integers(0, classes, count))
    network = build_network(name, classes=classes, **params.model.model_dump())
    initialize_weights(network, 0, zero_init_residual=settings.zero_init_residual)
    compile_network(
        network,
        optimizer=settings.optimizer,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
        decayed=settings.decayed,
        label_smoothing=settings.label_smoothing,
    )
    batches = build_batches(
        split,
        np.full((32, 32, 3), 120, np.float32),
        classes=classes,
        batch_size=count,
        seed=0,
        epochs=range(1),
        augment=params.augment,
        threads=params.compute.threads,
    )
    before = network.get_weights()
    average = AverageWeights(network, settings.ema_momentum)
    step = build_step(network, average)
    step(*next(iter(batches)), np.float32(settings.learning_rate.peak))
    step.wait()
    digest = hashlib.sha256()
    for _, array in sorted(collect_arrays(network, average).items()):
        digest.update(array.tobytes())
    weights = zip(network.weights, before, network.get_weights(), strict=True)
    still = [weight.path for weight, old, new in weights if weight.trainable and np.array_equal(old, new)]
    loss = float(network.get_metrics_result()["loss"])
    print(json.dumps({"sha256": digest.hexdigest(), "loss": loss, "still": still}))


if __name__ == "__main__":
    main(*sys.argv[1:])
