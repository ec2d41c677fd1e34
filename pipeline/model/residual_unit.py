"""The residual unit, of which trunk, mask and stages are built."""

import keras

from pipeline.model.layers import convolve, normalize_and_activate

BOTTLENECK = 4
LAST_CONVOLUTION = "_3_conv"


def add_residual_unit(x: keras.KerasTensor, channels: int, name: str, strides: int = 1) -> keras.KerasTensor:
    """A pre-activation bottleneck: 1×1 to a quarter of the channels, 3×3, 1×1 back.

    Source: He et al. 2016, "Identity Mappings in Deep Residual Networks" (arXiv 1603.05027), figure 4(e).
    The shortcut is the identity where the shapes agree, and a 1×1 convolution of the first activation elsewhere.

    Args:
        x: feature maps, (batch, height, width, any channels).
        channels: of the output, a multiple of 4.
        name: prefix of the layers' names, unique in the network.
        strides: of the 3×3 convolution, 1 or 2.

    Returns:
        Feature maps, (batch, height / strides, width / strides, channels).
    """
    activated = normalize_and_activate(x, f"{name}_1")
    same_shape = strides == 1 and x.shape[-1] == channels
    shortcut = x if same_shape else convolve(activated, channels, 1, f"{name}_shortcut", strides=strides)
    y = convolve(activated, channels // BOTTLENECK, 1, f"{name}_1_conv")
    y = normalize_and_activate(y, f"{name}_2")
    y = convolve(y, channels // BOTTLENECK, 3, f"{name}_2_conv", strides=strides)
    y = normalize_and_activate(y, f"{name}_3")
    y = convolve(y, channels, 1, name + LAST_CONVOLUTION)
    return keras.layers.Add(name=f"{name}_add")([shortcut, y])


def chain_residual_units(x: keras.KerasTensor, count: int, name: str) -> keras.KerasTensor:
    """`count` units one after another, each with the channels and the resolution of `x`."""
    for number in range(1, count + 1):
        x = add_residual_unit(x, x.shape[-1], f"{name}_unit{number}")
    return x
