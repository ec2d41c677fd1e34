"""A training of seconds, with everything on that draws or remembers anything."""

import keras
import numpy as np

from pipeline.cifar.batches import Split
from pipeline.cifar.synthetic import draw_images
from pipeline.model.initialization import initialize_weights
from pipeline.model.layers import convolve, normalize_and_activate
from pipeline.settings.sections import Train
from pipeline.training.checkpoints import CheckpointFolder
from pipeline.training.optimization import compile_network
from pipeline.training.run import Run
from pipeline.training.steps import Step
from pipeline.training.trainer import train_network
from tests.augments import ALL, change

STEPS_PER_EPOCH = 3
SETTINGS = Train(
    seed=0,
    zero_init_residual=False,
    epochs=4,
    batch_size=10,
    optimizer="sgd",
    momentum=0.9,
    learning_rate={"schedule": "steps", "peak": 0.02, "warmup_epochs": 0, "drop_epochs": [], "factor": 1},
    weight_decay=1e-3,
    decayed="all",
    label_smoothing=0.1,
    ema_momentum=0.9,
)


class Log:
    """Stands where TensorBoard's log does."""

    def write_graph(self):
        pass

    def write_epoch(self, row, images_per_second):
        pass


def make_run(epochs=4, **changes):
    """A run on 30 images."""
    images, labels = draw_images(30, 0)
    settings = {
        "train": Split(images, labels),
        "validation": Split(*draw_images(10, 1)),
        "mean": images.mean(axis=0).astype(np.float32),
        "settings": SETTINGS.model_copy(
            update={"epochs": epochs} | {name: changes.pop(name) for name in Train.model_fields if name in changes}
        ),
        "augment": change(ALL, shift_pixels=2, rotation_degrees=10.0, cutout_pixels=4, mixup_alpha=0.5),
        "learning_rates": np.full(epochs * STEPS_PER_EPOCH, 0.02, np.float32),
        "threads": 2,
    }
    return Run(**(settings | changes))


def build_tiny_network():
    """A network that is traced in no time, with a layer of each kind that trains, remembers, draws or adds a loss."""
    images = keras.Input((32, 32, 3))
    x = keras.layers.Rescaling(1 / 64)(images)
    x = normalize_and_activate(convolve(x, 8, 5, "conv", strides=4), "conv")
    x = normalize_and_activate(convolve(x, 8, 1, "pixels"), "pixels")
    x = keras.layers.Dropout(0.2, seed=0, name="dropout")(keras.layers.GlobalMaxPooling2D()(x))
    logits = keras.layers.Dense(10, kernel_regularizer=keras.regularizers.L2(0.001), name="logits")(x)
    return keras.Model(images, logits, name="tiny")


def train(run, folder, optimizer="adam", weight_decay=1e-3):
    """Train from the folder's checkpoint, or from the same initial weights; gives the weights and the outcome.

    Adam's state has what SGD's has, and more.
    """
    network = build_tiny_network()
    initialize_weights(network, 0, zero_init_residual=False)
    compile_network(
        network, optimizer=optimizer, momentum=0.9, weight_decay=weight_decay, decayed="all", label_smoothing=0.1
    )
    outcome = train_network(network, run, CheckpointFolder(folder, "run"), Log())
    return {weight.path: weight.numpy() for weight in network.weights}, outcome


class EndingStep:
    """A step of `build_step` that ends the run when `count` steps are done, in whatever way `end` does."""

    def __init__(self, step: Step, count, end):
        self.step, self.count, self.end = step, count, end
        self.wait = step.wait

    def __call__(self, *batch):
        if self.count == 0:
            self.end()
        self.count -= 1
        return self.step(*batch)
