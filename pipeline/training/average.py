"""The average of a network's weights over its training steps."""

from typing import Any

import keras

Tensor = Any  # of the backend


class AverageWeights:
    """An exponential moving average of a network's weights, batch normalization's statistics included.

    The momentum grows as min(momentum, (1 + step) / (10 + step)), so that the first weights are soon forgotten
    (TensorFlow's `ExponentialMovingAverage`, argument `num_updates`). Momentum 0 means no average.
    """

    def __init__(self, network: keras.Model, momentum: float):
        averaged = [weight for weight in network.weights if "float" in weight.dtype] if momentum else []
        self.weights = averaged
        self.momentum = momentum
        self.variables = [
            keras.Variable(keras.ops.copy(weight.value), trainable=False, name=f"average_{number}")
            for number, weight in enumerate(averaged)
        ]

    def next_values(self, averages: list[Tensor], weights: list[Tensor], step: Tensor) -> list[Tensor]:
        """The averages after a step, as tensors of the backend."""
        step = keras.ops.cast(step, "float32")
        momentum = keras.ops.minimum(self.momentum, (1 + step) / (10 + step))
        return [
            average + (1 - momentum) * (weight - average) for average, weight in zip(averages, weights, strict=True)
        ]

    def swap(self) -> None:
        """Exchange the network's weights and their averages; a second call exchanges them back."""
        for weight, average in zip(self.weights, self.variables, strict=True):
            value = keras.ops.convert_to_numpy(weight.value).copy()
            weight.assign(average.value)
            average.assign(value)
