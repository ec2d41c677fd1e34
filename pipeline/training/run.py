"""What a training run is made of, and what comes out of it."""

from typing import NamedTuple

import numpy as np

from pipeline.cifar.augmentation import Augmentation
from pipeline.cifar.batches import Split

Row = dict[str, float | int | None]


class Run(NamedTuple):
    """What a run is made of, beside the network and its optimizer.

    Attributes:
        train: images to train on.
        validation: images held out, maybe none.
        mean: float32 (32, 32, 3), subtracted from both.
        seed: of order, augmentation and dropout.
        epochs: how many.
        batch_size: images a step, and a batch of validation.
        learning_rates: float32, one for each global step.
        augmentation: of the training images.
        ema_momentum: of the average of the weights; 0 means none.
        threads: CPU threads that prepare batches.
    """

    train: Split
    validation: Split
    mean: np.ndarray
    seed: int
    epochs: int
    batch_size: int
    learning_rates: np.ndarray
    augmentation: Augmentation
    ema_momentum: float
    threads: int


class Outcome(NamedTuple):
    """The history, a row an epoch; seconds of training and validation, also before a restart; median images/s."""

    history: list[Row]
    seconds: float
    images_per_second: float
