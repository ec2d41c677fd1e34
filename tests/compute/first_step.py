"""One step of a recipe's network as the recipe says it, on random images: prints the sha256 of what it changed.

Usage: python -m tests.compute.first_step RECIPE NETWORK
"""

import hashlib
import sys
from pathlib import Path

import numpy as np

from pipeline.compute.backend import set_up_backend
from pipeline.settings.params import load_params
from tests.tiny_repository import ROOT


def main(recipe: str, name: str) -> None:
    params = load_params(ROOT / Path("recipes", f"{recipe}.yaml"))
    set_up_backend("tensorflow", "cpu", "float32", params.compute.threads, 1)
    from pipeline.cifar.batches import Split, build_batches
    from pipeline.model.initialization import initialize_weights
    from pipeline.model.network import build_network
    from pipeline.training.average import AverageWeights
    from pipeline.training.optimization import compile_network
    from pipeline.training.state import collect_arrays
    from pipeline.training.steps import build_step

    classes = 100 if params.download.dataset == "cifar100" else 10
    settings, random = params.train, np.random.default_rng(0)
    images = random.integers(0, 256, (settings.batch_size, 32, 32, 3), np.uint8)
    split = Split(images, random.integers(0, classes, settings.batch_size))
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
        batch_size=settings.batch_size,
        seed=0,
        epochs=range(1),
        augment=params.augment,
        threads=params.compute.threads,
    )
    average = AverageWeights(network, settings.ema_momentum)
    step = build_step(network, average)
    step(*next(iter(batches)), np.float32(settings.learning_rate.peak))
    step.wait()
    digest = hashlib.sha256()
    for _, array in sorted(collect_arrays(network, average).items()):
        digest.update(array.tobytes())
    print(digest.hexdigest())


if __name__ == "__main__":
    main(*sys.argv[1:])
