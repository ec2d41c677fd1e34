"""One optimization step, compiled for either backend around Keras' own `train_step`."""

from typing import Protocol

import keras
import numpy as np

from pipeline.compute.devices import find_shardings, is_mirrored, share_step
from pipeline.training.average import AverageWeights, Tensor

State = tuple[list[Tensor], ...]


class Step(Protocol):
    """A compiled step."""

    def __call__(self, images: Tensor, labels: Tensor, learning_rate: np.float32) -> Tensor:
        """Train on one batch: float32 (batch, 32, 32, 3) and one-hot float32 (batch, classes).

        Returns:
            The mean loss since the metrics were reset, a scalar that the device may still be computing.
        """

    def wait(self) -> None:
        """Return when all steps are done and the network's, optimizer's and average's variables are up to date."""


def build_step(network: keras.Model, average: AverageWeights) -> Step:
    """Compile the training step of a compiled network for the current backend."""
    # Create what Keras would create inside of the first step, so that the step is traced once.
    network.optimizer.build(network.trainable_variables)
    classes = network.output_shape[-1]
    one = np.eye(1, classes, dtype=np.float32)
    if not is_mirrored():  # there, metrics count on the devices only, and have all variables from the beginning
        network.compute_metrics(None, one, one)
    network.reset_metrics()
    return JaxStep(network, average) if keras.backend.backend() == "jax" else TensorFlowStep(network, average)


class TensorFlowStep:
    """The step as a `tf.function`."""

    def __init__(self, network: keras.Model, average: AverageWeights):
        import tensorflow as tf

        train_step = share_step(network) if is_mirrored() else network.train_step

        # The rate is a variable: Keras would compute a schedule anew for each weight that decays.
        @tf.function
        def step(images: Tensor, labels: Tensor, learning_rate: Tensor) -> Tensor:
            network.optimizer.learning_rate = learning_rate
            results = train_step((images, labels))
            weights = [weight.value for weight in average.weights]
            averages = [variable.value for variable in average.variables]
            values = average.next_values(averages, weights, network.optimizer.iterations.value)
            for variable, value in zip(average.variables, values, strict=True):
                variable.assign(value)
            return results["loss"]

        self.step = step
        self.last = network.trainable_variables[-1]

    def __call__(self, images: Tensor, labels: Tensor, learning_rate: np.float32) -> Tensor:
        """See `Step`."""
        return self.step(images, labels, learning_rate)

    def wait(self) -> None:
        """See `Step`; a GPU computes in order, and what is read last was written last."""
        keras.ops.convert_to_numpy(self.last.value)


class JaxStep:
    """The step as a jitted function of the state, which stays on the device between two calls of `wait`."""

    def __init__(self, network: keras.Model, average: AverageWeights):
        import jax

        self.jax = jax
        self.variables = (
            network.trainable_variables,
            network.non_trainable_variables,
            network.optimizer.variables,
            network.metrics_variables,
            average.variables,
        )
        self.state: State | None = None
        positions = {variable.path: number for number, variable in enumerate(network.trainable_variables)}
        fixed = {variable.path: number for number, variable in enumerate(network.non_trainable_variables)}

        optimizer = network.optimizer
        rate_position = [variable.path for variable in optimizer.variables].index(optimizer.learning_rate.path)

        def step(state: State, images: Tensor, labels: Tensor, learning_rate: Tensor) -> tuple[Tensor, State]:
            *rest, averages = state
            rest[2] = [*rest[2][:rate_position], learning_rate, *rest[2][rate_position + 1 :]]
            results, (trainable, non_trainable, optimizer, metrics) = network.train_step(tuple(rest), (images, labels))
            weights = [
                trainable[positions[weight.path]] if weight.path in positions else non_trainable[fixed[weight.path]]
                for weight in average.weights
            ]
            # The first variable of every Keras optimizer counts the steps.
            averages = average.next_values(averages, weights, optimizer[0])
            return results["loss"], (trainable, non_trainable, optimizer, metrics, averages)

        whole, shared = find_shardings()
        inputs = (whole, shared, shared, whole)
        self.step = jax.jit(step, donate_argnums=0, in_shardings=inputs, out_shardings=whole)

    def __call__(self, images: Tensor, labels: Tensor, learning_rate: np.float32) -> Tensor:
        """See `Step`."""
        if self.state is None:
            self.state = tuple([variable.value for variable in group] for group in self.variables)
        loss, self.state = self.step(self.state, np.asarray(images), np.asarray(labels), learning_rate)
        return loss

    def wait(self) -> None:
        """See `Step`."""
        if self.state is not None:
            self.jax.block_until_ready(self.state)
            for group, values in zip(self.variables, self.state, strict=True):
                for variable, value in zip(group, values, strict=True):
                    variable.assign(value)
            self.state = None
