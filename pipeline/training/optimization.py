"""The optimizer and the loss, compiled into a network."""

from typing import Any, Literal

import keras
import numpy as np


class TabulatedLearningRate(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that is looked up: one value for each global step."""

    def __init__(self, rates: np.ndarray):
        self.rates = rates

    def __call__(self, step: Any) -> Any:
        """The rate at a step; the last one beyond the table."""
        step = keras.ops.minimum(keras.ops.cast(step, "int32"), len(self.rates) - 1)
        return keras.ops.take(keras.ops.convert_to_tensor(self.rates), step)


def compile_network(
    network: keras.Model,
    *,
    optimizer: Literal["sgd", "adam"],
    learning_rates: np.ndarray,
    momentum: float,
    weight_decay: float,
    label_smoothing: float,
) -> None:
    """Give a network its optimizer and cross-entropy loss.

    Args:
        network: with logits as output.
        optimizer: "sgd", with Nesterov momentum, or "adam", for which `momentum` is beta 1.
        learning_rates: float32, one for each global step.
        momentum: from 0 to below 1.
        weight_decay: decoupled, of every trainable weight: each step takes off learning rate × decay × weight
            (Loshchilov and Hutter 2019, arXiv 1711.05101). At momentum 0.9 it acts like an L2 factor a tenth of it.
        label_smoothing: from 0 to below 1 (Szegedy et al. 2016, arXiv 1512.00567, section 7).
    """
    rate = TabulatedLearningRate(learning_rates)
    decay = weight_decay or None
    if optimizer == "sgd":
        chosen = keras.optimizers.SGD(rate, momentum, nesterov=momentum > 0, weight_decay=decay)
    else:
        chosen = keras.optimizers.Adam(rate, beta_1=momentum, weight_decay=decay)
    network.compile(
        chosen,
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=label_smoothing),
        metrics=[keras.metrics.CategoricalAccuracy("accuracy")],
        # XLA is slower than TensorFlow's own kernels on a CPU, and exact operations switch it off; JAX always uses it.
        jit_compile=keras.backend.backend() == "jax",
    )
