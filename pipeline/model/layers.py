"""The two layer groups that every part of the network is made of."""

import keras

from pipeline.model.tensorflow_layers import BatchNormalization

# Short runs need statistics that follow quickly.
MOMENTUM = 0.9
EPSILON = 1e-5


def normalize_and_activate(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Batch normalization, then ReLU: the pre-activation of He et al. 2016 (arXiv 1603.05027)."""
    x = BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}_norm")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x)


def convolve(
    x: keras.KerasTensor, channels: int, kernel: int, name: str, *, strides: int = 1, use_bias: bool = False
) -> keras.KerasTensor:
    """A square convolution that keeps the resolution (divided by `strides`), with He initialization.

    There is no bias by default, because a batch normalization follows.
    """
    layer = keras.layers.Conv2D(
        channels, kernel, strides, "same", use_bias=use_bias, kernel_initializer="he_normal", name=name
    )
    return layer(x)
