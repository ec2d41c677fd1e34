import keras
import numpy as np
import pytest

from pipeline.cifar.augmentation import Augmentation
from pipeline.cifar.batches import Split
from pipeline.cifar.synthetic import draw_images
from pipeline.model.initialization import initialize_weights
from pipeline.training.checkpoints import CheckpointFolder
from pipeline.training.optimization import compile_network
from pipeline.training.trainer import Run, train_network

STEPS_PER_EPOCH = 3


class Log:
    """Stands where TensorBoard's log does; can break the run off after an epoch, as a kill would."""

    def __init__(self, break_after=None):
        self.break_after = break_after

    def write_graph(self):
        pass

    def write_epoch(self, row, images_per_second):
        if row["epoch"] == self.break_after:
            raise KeyboardInterrupt


def build_tiny_network():
    """A network that is traced in no time, with a layer of each kind that trains, remembers, draws or adds a loss."""
    images = keras.Input((32, 32, 3))
    x = keras.layers.Rescaling(1 / 64)(images)
    x = keras.layers.Conv2D(8, 5, 4, use_bias=False, name="conv")(x)
    x = keras.layers.BatchNormalization(momentum=0.9, name="norm")(x)
    x = keras.layers.Dropout(0.2, seed=0)(keras.layers.GlobalMaxPooling2D()(keras.layers.ReLU()(x)))
    logits = keras.layers.Dense(10, kernel_regularizer=keras.regularizers.L2(0.001), name="logits")(x)
    return keras.Model(images, logits, name="tiny")


@pytest.fixture(scope="session")
def make_run():
    """A run on 30 images, small enough for a test, with everything on that draws or remembers anything."""

    def make(epochs=4, **changes):
        images, labels = draw_images(30, 0)
        settings = {
            "train": Split(images, labels),
            "validation": Split(*draw_images(10, 1)),
            "mean": images.mean(axis=0).astype(np.float32),
            "seed": 0,
            "epochs": epochs,
            "batch_size": 10,
            "learning_rates": np.full(epochs * STEPS_PER_EPOCH, 0.02, np.float32),
            "augmentation": Augmentation(True, 2, 10.0, 0.1, "nearest", 4, 0.5),
            "ema_momentum": 0.9,
            "threads": 2,
        }
        return Run(**(settings | changes))

    return make


@pytest.fixture(scope="session")
def train(tmp_path_factory):
    """Train a tiny network from the same initial weights each time; gives its weights and the outcome."""

    def run_training(run, folder=None, break_after=None, optimizer="sgd", weight_decay=1e-3):
        network = build_tiny_network()
        initialize_weights(network, run.seed)
        compile_network(
            network,
            optimizer=optimizer,
            momentum=0.9,
            weight_decay=weight_decay,
            label_smoothing=0.1,
        )
        checkpoints = CheckpointFolder(folder or tmp_path_factory.mktemp("checkpoints"), "run")
        outcome = train_network(network, run, checkpoints, Log(break_after))
        return {weight.path: weight.numpy() for weight in network.weights}, outcome

    return run_training
