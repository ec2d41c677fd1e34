"""The layers beside Keras' own, with the same random weights; as a command, how far apart they are in bfloat16.

Usage: python -m tests.model.layer_pairs, which prints JSON. That takes a process of its own, because a CPU that can
compute with bfloat16 does not while the kernels are those of every CPU.
"""

import json

import numpy as np

from pipeline.compute.backend import set_up_backend

SHAPE = (6, 8, 4, 12)
IMAGES = np.random.default_rng(0).normal(3, 2, SHAPE).astype(np.float32)
NORM = {"momentum": 0.9, "epsilon": 1e-5}
# By name: the layer, its arguments, how it is called; the dense layer has one pixel of each image.
CASES = {
    "BatchNormalization in training": ("BatchNormalization", NORM, True),
    "BatchNormalization": ("BatchNormalization", NORM, False),
    "UnitNormalization": ("UnitNormalization", {}, None),
    "GroupNormalization": ("GroupNormalization", {"groups": -1, "center": False, "scale": False}, None),
    "Dense": ("Dense", {"units": 20}, None),
}


def make_pair(kind, precision, shape=SHAPE, **settings):
    """The layer and Keras' own, with the same random weights."""
    import keras

    from pipeline.model import tensorflow_layers

    pair = [getattr(module, kind)(**settings, dtype=precision) for module in (tensorflow_layers, keras.layers)]
    for layer in pair:
        layer.build(shape)
    random = np.random.default_rng(1)
    weights = [random.uniform(0.5, 2, weight.shape).astype(np.float32) for weight in pair[0].weights]
    for layer in pair:
        layer.set_weights(weights)
    return pair


def run(layer, images, training):
    """Outputs, gradients of a loss that weighs them unequally, and the weights afterwards."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        inputs = tf.constant(images)
        tape.watch(inputs)
        # As a function with a batch of unknown size, as in training.
        call = tf.function(lambda x: layer(x, training=training) if training is not None else layer(x))
        outputs = call.get_concrete_function(tf.TensorSpec((None, *images.shape[1:])))(inputs)
        slope = tf.reshape(tf.range(tf.size(outputs)), tf.shape(outputs))
        loss = tf.reduce_mean(tf.cast(outputs, tf.float32) * tf.cast(slope, tf.float32))
    gradients = tape.gradient(loss, [inputs, *(weight.value for weight in layer.trainable_weights)])
    return [*(np.asarray(tf.cast(value, tf.float32)) for value in (outputs, *gradients)), *layer.get_weights()]


def measure_difference(name, precision):
    """The largest difference of a case's results, each as a share of its largest value."""
    kind, settings, training = CASES[name]
    images = IMAGES[:, 0, 0] if kind == "Dense" else IMAGES
    pair = make_pair(kind, precision, (None, *images.shape[1:]), **settings)
    results = zip(*(run(layer, images, training) for layer in pair), strict=True)
    differences = [np.abs(received - required).max() / np.abs(required).max() for received, required in results]
    return float(np.max(differences))  # no number, if one of them is none


if __name__ == "__main__":
    set_up_backend("tensorflow", "cpu", "bfloat16", 2, 1)
    print(json.dumps({name: measure_difference(name, "mixed_bfloat16") for name in CASES}))
