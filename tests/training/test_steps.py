import keras
import numpy as np
import pytest

from pipeline.training.average import AverageWeights
from pipeline.training.optimization import compile_network
from pipeline.training.steps import build_step

RATES = np.array([0.1, 0.05, 0.2, 0.01, 0.01], np.float32)
DECAY, MOMENTUM, SMOOTHING = 0.01, 0.9, 0.1


@pytest.fixture
def batches():
    random = np.random.default_rng(0)
    return [
        (random.normal(size=(8, 4)).astype(np.float32), np.eye(3, dtype=np.float32)[random.integers(0, 3, 8)])
        for _ in RATES
    ]


def train_with_keras(batches, ema_momentum):
    images = keras.Input((4,))
    network = keras.Model(images, keras.layers.Dense(3, use_bias=False)(images))
    network.set_weights([np.linspace(-1, 1, 12).reshape(4, 3)])
    compile_network(
        network,
        optimizer="sgd",
        momentum=MOMENTUM,
        weight_decay=DECAY,
        label_smoothing=SMOOTHING,
    )
    average = AverageWeights(network, ema_momentum)
    step = build_step(network, average)
    for batch, rate in zip(batches, RATES, strict=True):
        step(*batch, rate)
    step.wait()
    return network, average


def train_with_numpy(batches, ema_momentum):
    """Softmax regression by Nesterov's method in the form of Sutskever et al. 2013, in float64."""
    kernel = np.linspace(-1, 1, 12).reshape(4, 3)
    velocity, average = np.zeros_like(kernel), kernel.copy()
    for number, (images, labels) in enumerate(batches):
        logits = images @ kernel
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        targets = labels * (1 - SMOOTHING) + SMOOTHING / 3
        gradient = images.T @ (probabilities - targets) / len(images)
        kernel = kernel - RATES[number] * DECAY * kernel
        velocity = MOMENTUM * velocity - RATES[number] * gradient
        kernel = kernel + MOMENTUM * velocity - RATES[number] * gradient
        momentum = min(ema_momentum, (2 + number) / (11 + number))
        average = momentum * average + (1 - momentum) * kernel
    return kernel, average


def test_steps_are_those_of_a_second_implementation_in_numpy(batches):
    network, average = train_with_keras(batches, 0.3)
    kernel, expected_average = train_with_numpy(batches, 0.3)
    np.testing.assert_allclose(network.get_weights()[0], kernel, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(average.variables[0].numpy(), expected_average, rtol=1e-4, atol=1e-6)


def test_swapping_the_average_twice_restores_the_weights(batches):
    network, average = train_with_keras(batches, 0.3)
    kernel, averaged = network.get_weights()[0], average.variables[0].numpy()
    average.swap()
    np.testing.assert_array_equal(network.get_weights()[0], averaged)
    average.swap()
    np.testing.assert_array_equal(network.get_weights()[0], kernel)


def test_momentum_of_zero_keeps_no_average(batches):
    assert not train_with_keras(batches, 0.0)[1].variables
