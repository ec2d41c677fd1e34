"""What a training run is made of, and what comes out of it."""

from typing import NamedTuple

import numpy as np

from pipeline.cifar.batches import Split
from pipeline.settings.sections import Augment, Train

Row = dict[str, float | int | None]


class Run(NamedTuple):
    """What a run is made of, beside the network and its optimizer.

    Attributes:
        train: images to train on.
        validation: images held out, maybe none; they come in batches of the same size.
        mean: float32 (32, 32, 3), subtracted from both.
        settings: of which those of the optimizer and its learning rates are already in these.
        augment: how training images are changed.
        learning_rates: float32, one for each global step.
        threads: CPU threads that prepare batches.
    """

    train: Split
    validation: Split
    mean: np.ndarray
    settings: Train
    augment: Augment
    learning_rates: np.ndarray
    threads: int

    @property
    def steps_per_epoch(self) -> int:
        """How many batches the training images fill."""
        return len(self.train.labels) // self.settings.batch_size


class Outcome(NamedTuple):
    """The history, a row an epoch; seconds of training and validation, also before a restart; median images/s."""

    history: list[Row]
    seconds: float
    images_per_second: float
