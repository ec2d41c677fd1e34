"""The same batches give the same training on one device and on several, here virtual CPUs.

In float64 nothing but a mistake makes a difference that could be seen; in float32 rounding does, as the devices add up
shares. The test's own controls are two such mistakes.
"""

import json
import zipfile
from functools import cache

import keras
import numpy as np
import pytest

from pipeline.compute.devices import spread_over
from pipeline.errors import InputError
from tests.run_module import run_module
from tests.training.tiny_training import make_run

# Measured: 1e-15 on TensorFlow, 1e-7 on JAX, where Keras computes parts in float32; in float32 3e-7 on both.
ROUNDING = {"float64": 1e-6, "float32": 1e-5}
FOUR_AS_ONE = pytest.param(4, "float64", marks=pytest.mark.slow)
BACKENDS = pytest.mark.parametrize("backend", ["tensorflow", "jax"])


@pytest.fixture(scope="module")
def train_on(tmp_path_factory):
    """What tests/compute/several_devices.py prints, and its folder."""

    @cache
    def run(backend, devices, network="tiny"):
        folder = tmp_path_factory.mktemp(f"{backend}-{devices}")
        told = run_module("compute.several_devices", backend, devices, network, folder)
        return json.loads(told.splitlines()[-1]) | {"folder": folder}

    return run


def difference(received, expected, steps=None):
    """The largest relative difference of losses."""
    pair = [np.array(training["losses"][:steps]) for training in (received, expected)]
    return np.max(np.abs(pair[0] / pair[1] - 1))


@BACKENDS
@pytest.mark.parametrize(("devices", "precision"), [(2, "float64"), (2, "float32"), FOUR_AS_ONE])
def test_several_devices_train_as_one(backend, devices, precision, train_on):
    received, expected = train_on(backend, devices)[precision], train_on(backend, 1)[precision]
    assert difference(received, expected) < ROUNDING[precision]
    for row, expected_row in zip(received["history"], expected["history"], strict=True):
        assert row == pytest.approx(expected_row, rel=ROUNDING[precision])
    for weight, expected_weight in zip(received["weights"], expected["weights"], strict=True):
        np.testing.assert_allclose(weight, expected_weight, rtol=0, atol=1e-5)


@BACKENDS
def test_control_a_mistake_is_noticed(backend, train_on):
    assert difference(train_on(backend, 2)["mistaken"], train_on(backend, 1)["float64"]) > 1000 * ROUNDING["float64"]


@BACKENDS
@pytest.mark.parametrize("devices", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_each_device_has_the_same_weights(backend, devices, train_on):
    copies = train_on(backend, devices)["copies"]
    assert len(copies) == devices
    assert all(copy == copies[0] for copy in copies)


@BACKENDS
def test_a_training_on_two_devices_is_gone_on_with_to_the_same_bits(backend, train_on):
    assert train_on(backend, 2)["resumed"]


def test_tensorflow_drops_something_else_on_each_device(train_on):
    seeds = train_on("tensorflow", 2)["seeds"]
    assert len({tuple(seed) for seed in seeds}) == 2
    assert seeds[:1] == train_on("tensorflow", 1)["seeds"]


@BACKENDS
def test_a_model_trained_on_two_devices_is_saved_as_if_on_one(backend, train_on):
    results = [train_on(backend, devices) for devices in (1, 2)]
    configs = []
    for result in results:
        with zipfile.ZipFile(result["folder"] / "model.keras") as file:
            configs.append(file.read("config.json"))
    assert configs[0] == configs[1]
    model = keras.models.load_model(results[1]["folder"] / "model.keras")
    received = model.predict(make_run().train.images[: len(results[1]["probabilities"])], verbose=0)
    np.testing.assert_allclose(received, results[1]["probabilities"], atol=1e-5)


@BACKENDS
def test_devices_are_told_in_words(backend, train_on):
    assert [train_on(backend, devices)["device"] for devices in (1, 2)] == ["CPU, 2 threads", "2 × CPU, 2 threads"]


def test_more_devices_than_there_are_are_refused():
    with pytest.raises(InputError, match=r"requires 1000 devices that tensorflow can use\. Received: 1$"):
        spread_over(1000)


@pytest.mark.slow
@BACKENDS
def test_an_attention_network_trains_on_two_devices_as_on_one(backend, train_on):
    """Each step makes rounding up to a hundred times larger: the first three are compared."""
    received, expected = (train_on(backend, devices, "attention-mini") for devices in (2, 1))
    assert difference(received["float64"], expected["float64"], steps=3) < 1e-6
    assert difference(received["float32"], expected["float32"], steps=3) < 1e-3
