"""The training run: steps that are functions of (seed, epoch, position), and a checkpoint after every epoch."""

import math
import time
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from pipeline.cifar.batches import build_batches, subtract_mean
from pipeline.errors import InputError
from pipeline.evaluation.metrics import cross_entropy, error_percent
from pipeline.model.prediction import predict
from pipeline.training.average import AverageWeights
from pipeline.training.checkpoints import Checkpoint, CheckpointFolder
from pipeline.training.logs import TensorBoardLog
from pipeline.training.progress import Progress
from pipeline.training.run import Outcome, Row, Run
from pipeline.training.state import collect_arrays, restore_arrays, seed_dropout
from pipeline.training.steps import Step, Tensor, build_step

LOSSES_BEHIND = 16  # a loss is looked at this many steps later, so that a GPU need not be waited for


def train_network(network: keras.Model, run: Run, checkpoints: CheckpointFolder, log: TensorBoardLog) -> Outcome:
    """Train a compiled network, from its latest checkpoint if it has one; at the end it holds the final weights.

    Raises:
        InputError: the training split does not fill a batch, or the loss or a weight is no longer finite.
    """
    epochs, batch_size, steps_per_epoch = run.settings.epochs, run.settings.batch_size, run.steps_per_epoch
    if steps_per_epoch < 1:
        images = len(run.train.labels)
        raise InputError(f"train.batch_size requires at most the {images} training images. Received: {batch_size}")
    average = AverageWeights(network, run.settings.ema_momentum)
    step = build_step(network, average)
    history: list[Row] = []
    seconds, speeds = 0.0, []
    if checkpoint := checkpoints.load_latest():
        restore_arrays(network, average, checkpoint.arrays)
        history, seconds, speeds = (checkpoint.values[name] for name in ("history", "seconds", "speeds"))
    else:
        log.write_graph()
    first_epoch = checkpoint.step // steps_per_epoch if checkpoint else 0
    if first_epoch:
        print(f"{network.name}: going on after epoch {first_epoch} of {epochs}, from {checkpoints.folder}")
    batches = iter(build_epochs(network, run, range(first_epoch, epochs)))
    images_per_epoch = steps_per_epoch * batch_size
    with Progress(network.name, epochs, first_epoch, images_per_epoch) as progress:
        for epoch in range(first_epoch, epochs):
            start = time.perf_counter()
            seed_dropout(network, run.settings.seed, epoch * steps_per_epoch)
            network.reset_metrics()
            train_epoch(step, batches, run, epoch, progress)
            speeds.append(images_per_epoch / (time.perf_counter() - start))
            row = measure_epoch(network, average, run, epoch)
            seconds += time.perf_counter() - start
            history.append(row)
            values = {"history": history, "seconds": seconds, "speeds": speeds}
            arrays = collect_arrays(network, average)
            check_finite(arrays, epoch)
            checkpoints.save(Checkpoint((epoch + 1) * steps_per_epoch, arrays, values))
            log.write_epoch(row, speeds[-1])
            progress.report(row)
    average.swap()
    return Outcome(history, seconds, float(np.median(speeds)))


def train_epoch(step: Step, batches: Iterator[tuple[Tensor, Tensor]], run: Run, epoch: int, progress: Progress) -> None:
    """The steps of one epoch, from 0.

    Raises:
        InputError: a loss is not finite.
    """
    steps = run.steps_per_epoch
    losses: list[Tensor] = []

    def look_at(number: int) -> None:
        if number >= 0 and not math.isfinite(losses[number]):
            received = f"{float(losses[number])} in epoch {epoch + 1}, step {number + 1} of {steps}"
            raise InputError(f"training requires a finite loss. Received: {received}")

    for number in range(steps):
        images, labels = next(batches)
        losses.append(step(images, labels, run.learning_rates[epoch * steps + number]))
        progress.advance(epoch, run.settings.batch_size)
        look_at(number - LOSSES_BEHIND)
    step.wait()
    for number in range(steps - LOSSES_BEHIND, steps):
        look_at(number)


def check_finite(arrays: dict[str, np.ndarray], epoch: int) -> None:
    """See that a state can be gone on from: the last step of an epoch shows in the weights only.

    Raises:
        InputError: a value is not finite.
    """
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise InputError(f"training requires finite weights. Received: others in {name} after epoch {epoch + 1}")


def build_epochs(network: keras.Model, run: Run, epochs: range) -> tf.data.Dataset:
    """The batches of some epochs of a run."""
    return build_batches(
        run.train,
        run.mean,
        classes=network.output_shape[-1],
        batch_size=run.settings.batch_size,
        seed=run.settings.seed,
        epochs=epochs,
        augment=run.augment,
        threads=run.threads,
    )


def measure_epoch(network: keras.Model, average: AverageWeights, run: Run, epoch: int) -> Row:
    """One row of the history: training's running means, and validation with the averaged weights, if there are any.

    The train error and loss are those of the augmented batches as they were trained on; the train loss includes label
    smoothing and the L2 term, the validation loss is the plain cross-entropy.
    """
    results = {name: float(value) for name, value in network.get_metrics_result().items()}
    loss, error = None, None
    if len(run.validation.labels):
        average.swap()
        logits = predict(network, subtract_mean(run.validation.images, run.mean), run.settings.batch_size)
        average.swap()
        loss, error = cross_entropy(logits, run.validation.labels), error_percent(logits, run.validation.labels)
    last_step = (epoch + 1) * run.steps_per_epoch - 1
    return {
        "epoch": epoch + 1,
        "learning_rate": float(run.learning_rates[last_step]),
        "train_loss": results["loss"],
        "train_error_percent": 100 * (1 - results["accuracy"]),
        "validation_loss": loss,
        "validation_error_percent": error,
    }
