"""The layers against Keras' own, which are another implementation of the same."""

import json

import numpy as np
import pytest

from tests.model.layer_pairs import CASES, IMAGES, NORM, SHAPE, make_pair, measure_difference, run
from tests.run_module import run_module


@pytest.mark.parametrize("name", CASES)
def test_a_layer_is_that_of_keras(name):
    assert measure_difference(name, "float32") < 1e-4


def test_layers_in_bfloat16_are_those_of_keras():
    differences = json.loads(run_module("model.layer_pairs"))
    assert differences.keys() == CASES.keys()
    assert 1e-3 < np.max(list(differences.values())) < 2e-2  # in float32 they are below the first


@pytest.mark.parametrize("settings", [{"trainable": False}, {"scale": False}, {"center": False}])
@pytest.mark.parametrize("training", [True, False])
def test_batch_normalization_that_is_frozen_or_in_part_is_that_of_keras(settings, training):
    pair = make_pair("BatchNormalization", "float32", **NORM, **settings)
    for received, required in zip(*(run(layer, IMAGES, training) for layer in pair), strict=True):
        np.testing.assert_allclose(received, required, rtol=0, atol=1e-4 * np.abs(required).max())


@pytest.mark.parametrize("settings", [{"groups": 3}, {"groups": -1, "scale": False}, {"groups": -1, "center": False}])
def test_group_normalization_of_another_kind_is_that_of_keras(settings):
    pair = make_pair("GroupNormalization", "float32", **settings)
    for received, required in zip(*(run(layer, IMAGES, None) for layer in pair), strict=True):
        np.testing.assert_array_equal(received, required)


@pytest.mark.parametrize(
    ("layer", "arguments"),
    [
        ("BatchNormalization", {}),
        ("Dense", {"units": 4}),
        ("UnitNormalization", {}),
        ("GroupNormalization", {"groups": -1}),
    ],
)
def test_layers_are_named_and_configured_as_those_of_keras(layer, arguments):
    fast, plain = make_pair(layer, "float32", (None, SHAPE[-1]), **arguments, name="layer")
    assert fast.get_config() == plain.get_config()
    assert type(fast).__name__ == type(plain).__name__
