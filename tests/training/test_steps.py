import keras
import numpy as np
import pytest

from pipeline.training.average import AverageWeights
from pipeline.training.optimization import compile_network
from pipeline.training.steps import build_step

RATES = np.array([0.1, 0.05, 0.2, 0.01, 0.01], np.float32)
DECAY, MOMENTUM, SMOOTHING = 0.01, 0.9, 0.1
KERNEL, BIAS = np.linspace(-1, 1, 12).reshape(4, 3), np.array([0.5, -2.0, 1.0])


@pytest.fixture
def batches():
    random = np.random.default_rng(0)
    return [
        (random.normal(size=(8, 4)).astype(np.float32), np.eye(3, dtype=np.float32)[random.integers(0, 3, 8)])
        for _ in RATES
    ]


def train_with_keras(batches, ema_momentum, decayed="all", optimizer="sgd"):
    images = keras.Input((4,))
    network = keras.Model(images, keras.layers.Dense(3)(images))
    network.set_weights([KERNEL, BIAS])
    compile_network(
        network,
        optimizer=optimizer,
        momentum=MOMENTUM,
        weight_decay=DECAY,
        decayed=decayed,
        label_smoothing=SMOOTHING,
    )
    average = AverageWeights(network, ema_momentum)
    step = build_step(network, average)
    for batch, rate in zip(batches, RATES, strict=True):
        step(*batch, rate)
    step.wait()
    return network, average


class Nesterov:
    """Nesterov's method in the form of Sutskever et al. 2013."""

    def __init__(self):
        self.velocity = np.zeros((5, 3))

    def find_step(self, gradient, rate, number):
        self.velocity = MOMENTUM * self.velocity - rate * gradient
        return MOMENTUM * self.velocity - rate * gradient


class Adam:
    """Kingma and Ba 2015, in the order of the last lines of their section 2; epsilon is Keras'."""

    def __init__(self):
        self.first, self.second = np.zeros((5, 3)), np.zeros((5, 3))

    def find_step(self, gradient, rate, number):
        self.first = MOMENTUM * self.first + (1 - MOMENTUM) * gradient
        self.second = 0.999 * self.second + 0.001 * gradient**2
        rate = rate * np.sqrt(1 - 0.999 ** (number + 1)) / (1 - MOMENTUM ** (number + 1))
        return -rate * self.first / (np.sqrt(self.second) + 1e-7)


def train_with_numpy(batches, ema_momentum, decayed, optimizer):
    """Softmax regression in float64."""
    # The bias is a last row, of an input that is 1.
    weights = np.vstack([KERNEL, BIAS])
    decay = DECAY * np.array([[1.0]] * 4 + [[float(decayed == "all")]])
    average = weights.copy()
    for number, (images, labels) in enumerate(batches):
        inputs = np.hstack([images, np.ones((len(images), 1))])
        logits = inputs @ weights
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        targets = labels * (1 - SMOOTHING) + SMOOTHING / 3
        gradient = inputs.T @ (probabilities - targets) / len(images)
        weights = weights - RATES[number] * decay * weights
        weights = weights + optimizer.find_step(gradient, float(RATES[number]), number)
        momentum = min(ema_momentum, (2 + number) / (11 + number))
        average = momentum * average + (1 - momentum) * weights
    return weights, average


@pytest.mark.parametrize(("name", "optimizer"), [("sgd", Nesterov), ("adam", Adam)])
@pytest.mark.parametrize("decayed", ["all", "kernels"])
def test_steps_are_those_of_a_second_implementation_in_numpy(decayed, name, optimizer, batches):
    network, average = train_with_keras(batches, 0.3, decayed, name)
    weights, expected_average = train_with_numpy(batches, 0.3, decayed, optimizer())
    averages = [variable.numpy() for variable in average.variables]
    np.testing.assert_allclose(np.vstack(network.get_weights()), weights, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(np.vstack(averages), expected_average, rtol=1e-4, atol=1e-6)


def test_swapping_the_average_twice_restores_the_weights(batches):
    network, average = train_with_keras(batches, 0.3)
    kernel, averaged = network.get_weights()[0], average.variables[0].numpy()
    average.swap()
    np.testing.assert_array_equal(network.get_weights()[0], averaged)
    average.swap()
    np.testing.assert_array_equal(network.get_weights()[0], kernel)


def test_momentum_of_zero_keeps_no_average(batches):
    assert not train_with_keras(batches, 0.0)[1].variables
