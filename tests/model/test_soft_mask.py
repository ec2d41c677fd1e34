"""The paper's kinds of attention against NumPy in float64, and its kinds of masks by what they are made of."""

import re
from typing import get_args

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipeline.model.network import build_network
from pipeline.model.soft_mask import ATTENTIONS, MASKS, add_hourglass, add_local_convolutions
from pipeline.settings.sections import Attention, Mask
from tests.networks import PLAIN, count_multiplications, count_parameters
from tests.tiny_repository import ROOT

SHAPE = (5, 8, 8, 12)


@pytest.fixture
def features():
    return np.random.default_rng(0).normal(0.5, 2, SHAPE).astype(np.float32)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def mixed(x):
    return sigmoid(x)


def channel(x):
    weights = np.empty_like(x)
    for image, row, column in np.ndindex(x.shape[:3]):
        vector = x[image, row, column]
        weights[image, row, column] = vector / np.linalg.norm(vector)
    return weights


def spatial(x):
    weights = np.empty_like(x)
    for image in range(len(x)):
        for number in range(x.shape[3]):
            feature_map = x[image, :, :, number]
            weights[image, :, :, number] = sigmoid((feature_map - feature_map.mean()) / feature_map.std())
    return weights


@pytest.mark.parametrize("reference", [mixed, channel, spatial])
def test_attention_is_that_of_a_second_implementation_in_numpy(reference, features):
    x = keras.Input(SHAPE[1:])
    output = ATTENTIONS[reference.__name__](x, "weights")
    model = keras.Model(x, output)
    assert model.layers[-1].name == "weights"
    np.testing.assert_allclose(model(features), reference(features.astype(np.float64)), atol=2e-5)


@pytest.mark.parametrize("attention", ["channel", "spatial"])
def test_features_without_any_strength_have_weights_and_finite_gradients(attention):
    x = keras.Input(SHAPE[1:])
    model = keras.Model(x, ATTENTIONS[attention](x, "weights"))
    zeros = tf.zeros(SHAPE)
    with tf.GradientTape() as tape:
        tape.watch(zeros)
        weights = model(zeros)
        loss = tf.reduce_sum(weights * np.arange(12, dtype=np.float32))
    np.testing.assert_array_equal(weights, {"channel": 0, "spatial": 0.5}[attention])
    assert np.isfinite(tape.gradient(loss, zeros)).all()


def test_tables_have_what_parameters_may_be():
    assert set(ATTENTIONS) == set(get_args(Attention))
    assert {*MASKS, "none"} == set(get_args(Mask))


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_local_convolutions_have_the_parameters_of_the_hourglass_at_full_resolution(depth):
    x = keras.Input((16, 16, 32))
    hourglass, local = (keras.Model(x, add(x, depth, "mask")) for add in (add_hourglass, add_local_convolutions))
    assert local.output_shape == hourglass.output_shape
    assert local.count_params() == hourglass.count_params() > 0
    assert {layer.output.shape[1] for layer in local.layers} == {16}
    kinds = {type(layer) for layer in local.layers}
    assert not kinds & {keras.layers.MaxPooling2D, keras.layers.UpSampling2D}


def build(layout="paper", width=1.0, **changes):
    return build_network("attention-56", layout=layout, width=width, **PLAIN | changes)


def count_mask_parameters(channels, depth):
    """Units of three convolutions and normalizations, 3 a level but for the lowest's 2; then two 1×1, one with bias."""
    inner = channels // 4
    unit = 2 * channels * inner + 9 * inner**2 + 2 * (channels + 2 * inner)
    return (3 * depth - 1) * unit + 2 * (channels**2 + 2 * channels) + channels


@pytest.mark.parametrize(
    ("setting", "with_masks", "masks"),
    [
        ("`paper` layout, width 1", 1_030_810, {64: 3, 128: 2, 256: 1}),
        ("`wide-stem`, width 0.375", 1_024_426, {48: 2, 96: 1, 192: 1}),
    ],
)
def test_networks_have_the_parameters_and_multiplications_that_are_documented(setting, with_masks, masks):
    layout, width = re.fullmatch(r"`(.+)`.* width (.+)", setting).groups()
    models = [build(layout, float(width), mask=mask) for mask in ("hourglass", "convolutions", "none")]
    counts = [count_parameters(model) for model in models]
    without = with_masks - sum(count_mask_parameters(*mask) for mask in masks.items())
    assert counts == [with_masks, with_masks, without]
    rows = [
        [f"{setting}: parameters", *(f"{count:,}" for count in counts)],
        ["… multiplications of an image", *(f"{count_multiplications(model) / 1e6:.1f} M" for model in models)],
    ]
    told = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    assert told in (ROOT / "docs/networks.md").read_text()


def test_a_network_without_masks_is_the_trunk_alone():
    names = [layer.name for layer in build(width=0.125).layers]
    trunk = [name for name in names if "_mask" not in name and not name.endswith("_attended")]
    alone = [[layer.name for layer in build(width=0.125, mask="none", learning=way).layers] for way in ("arl", "nal")]
    assert len(trunk) < len(names)
    assert sorted(alone[0]) == sorted(alone[1]) == sorted(trunk)
