"""The layers against Keras' own, which are another implementation of the same."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipeline.model import tensorflow_layers

SHAPE = (6, 8, 4, 12)


@pytest.fixture
def images():
    return np.random.default_rng(0).normal(3, 2, SHAPE).astype(np.float32)


def make_pair(kind, precision, *arguments, shape=SHAPE, **settings):
    """The layer and Keras' own, with the same random weights."""
    pair = [
        getattr(module, kind)(*arguments, **settings, dtype=precision) for module in (tensorflow_layers, keras.layers)
    ]
    for layer in pair:
        layer.build(shape)
    random = np.random.default_rng(1)
    weights = [random.uniform(0.5, 2, weight.shape).astype(np.float32) for weight in pair[0].weights]
    for layer in pair:
        layer.set_weights(weights)
    return pair


def run(layer, images, training):
    """Outputs and gradients of a loss that weighs them unequally."""
    with tf.GradientTape() as tape:
        inputs = tf.constant(images)
        tape.watch(inputs)
        # As a function with a batch of unknown size, as in training.
        call = tf.function(lambda x: layer(x, training=training) if training is not None else layer(x))
        outputs = call.get_concrete_function(tf.TensorSpec((None, *images.shape[1:])))(inputs)
        slope = tf.reshape(tf.range(tf.size(outputs)), tf.shape(outputs))
        loss = tf.reduce_mean(tf.cast(outputs, tf.float32) * tf.cast(slope, tf.float32))
    gradients = tape.gradient(loss, [inputs, *(weight.value for weight in layer.trainable_weights)])
    return [np.asarray(tf.cast(value, tf.float32)) for value in (outputs, *gradients)]


PRECISIONS = pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-4), ("mixed_bfloat16", 2e-2)])


@PRECISIONS
@pytest.mark.parametrize("training", [True, False])
def test_batch_normalization_is_that_of_keras(images, precision, tolerance, training):
    fast, plain = make_pair("BatchNormalization", precision, momentum=0.9, epsilon=1e-5)
    for received, required in zip(run(fast, images, training), run(plain, images, training), strict=True):
        np.testing.assert_allclose(received, required, rtol=0, atol=tolerance * np.abs(required).max())
    for received, required in zip(fast.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(received, required, rtol=tolerance)


@pytest.mark.parametrize("settings", [{"trainable": False}, {"scale": False}, {"center": False}])
@pytest.mark.parametrize("training", [True, False])
def test_batch_normalization_that_is_frozen_or_in_part_is_that_of_keras(images, settings, training):
    fast, plain = make_pair("BatchNormalization", "float32", momentum=0.9, epsilon=1e-5, **settings)
    for received, required in zip(run(fast, images, training), run(plain, images, training), strict=True):
        np.testing.assert_allclose(received, required, rtol=0, atol=1e-4 * np.abs(required).max())
    for received, required in zip(fast.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(received, required, rtol=1e-4)


NORMS = {"UnitNormalization": {}, "GroupNormalization": {"groups": -1, "center": False, "scale": False}}


@PRECISIONS
@pytest.mark.parametrize("kind", NORMS)
def test_norms_by_square_roots_are_those_of_keras(images, kind, precision, tolerance):
    fast, plain = make_pair(kind, precision, **NORMS[kind])
    for received, required in zip(*(run(layer, images, None) for layer in (fast, plain)), strict=True):
        np.testing.assert_allclose(received, required, rtol=0, atol=tolerance * np.abs(required).max())


@pytest.mark.parametrize("settings", [{"groups": 3}, {"groups": -1, "scale": False}, {"groups": -1, "center": False}])
def test_group_normalization_of_another_kind_is_that_of_keras(images, settings):
    fast, plain = make_pair("GroupNormalization", "float32", **settings)
    for received, required in zip(*(run(layer, images, None) for layer in (fast, plain)), strict=True):
        np.testing.assert_array_equal(received, required)


@PRECISIONS
def test_the_dense_layer_is_that_of_keras(images, precision, tolerance):
    fast, plain = make_pair("Dense", precision, 20, shape=(None, SHAPE[-1]))
    for received, required in zip(*(run(layer, images[:, 0, 0], None) for layer in (fast, plain)), strict=True):
        np.testing.assert_allclose(received, required, rtol=0, atol=tolerance * np.abs(required).max())


@pytest.mark.parametrize(
    ("layer", "arguments"),
    [("BatchNormalization", ()), ("Dense", (4,)), ("UnitNormalization", ()), ("GroupNormalization", (-1,))],
)
def test_layers_are_named_and_configured_as_those_of_keras(layer, arguments):
    fast, plain = make_pair(layer, "float32", *arguments, name="layer", shape=(None, SHAPE[-1]))
    assert fast.get_config() == plain.get_config()
    assert type(fast).__name__ == type(plain).__name__
