"""The Attention Module: a trunk, a soft mask, and how the mask acts on the trunk.

Source: Wang et al. 2017, "Residual Attention Network for Image Classification" (arXiv 1704.06904),
section 3 and figure 2; p = 1, t = 2, r = 1 as in section 3.3.
"""

import keras

from pipeline.model.layers import convolve, normalize_and_activate
from pipeline.model.residual_unit import chain_residual_units
from pipeline.settings.sections import Learning

PREPROCESSING_UNITS = 1  # p, before the branches split and after they join
TRUNK_UNITS = 2  # t
MASK_UNITS = 1  # r, between two changes of resolution


def add_attention_module(x: keras.KerasTensor, mask_depth: int, learning: Learning, name: str) -> keras.KerasTensor:
    """One Attention Module: p units, trunk and soft mask side by side, their combination, p units.

    Args:
        x: feature maps, (batch, size, size, channels), with size divisible by 2 ** mask_depth.
        mask_depth: how often the mask halves the resolution, 1 or more.
        learning: "arl" or "nal", see `combine`.
        name: prefix of the layers' names, unique in the network.

    Returns:
        Feature maps of the shape of `x`.
    """
    x = chain_residual_units(x, PREPROCESSING_UNITS, f"{name}_before")
    trunk = chain_residual_units(x, TRUNK_UNITS, f"{name}_trunk")
    soft_mask = add_soft_mask(x, mask_depth, f"{name}_mask")
    x = combine(trunk, soft_mask, learning, name)
    return chain_residual_units(x, PREPROCESSING_UNITS, f"{name}_after")


def combine(trunk: keras.KerasTensor, soft_mask: keras.KerasTensor, learning: Learning, name: str) -> keras.KerasTensor:
    """Attention residual learning, (1 + M)·T (equation 3), or naive attention learning, M·T (equation 1)."""
    masked = keras.layers.Multiply(name=f"{name}_masked")([soft_mask, trunk])
    if learning == "nal":
        return masked
    return keras.layers.Add(name=f"{name}_attended")([trunk, masked])


def add_soft_mask(x: keras.KerasTensor, depth: int, name: str) -> keras.KerasTensor:
    """The soft mask branch: an hourglass, two 1×1 convolutions, and a sigmoid on every value ("mixed attention").

    Returns:
        Weights from 0 to 1, of the shape of `x`.
    """
    channels = x.shape[-1]
    x = add_hourglass(x, depth, name)
    x = convolve(normalize_and_activate(x, f"{name}_out1"), channels, 1, f"{name}_out1_conv")
    x = convolve(normalize_and_activate(x, f"{name}_out2"), channels, 1, f"{name}_out2_conv", use_bias=True)
    return keras.layers.Activation("sigmoid", name=name)(x)


def add_hourglass(x: keras.KerasTensor, depth: int, name: str) -> keras.KerasTensor:
    """Bottom-up and top-down: halve the resolution `depth` times and double it again, with a unit on each bridge."""
    name = f"{name}_down{depth}"
    x = keras.layers.MaxPooling2D(3, 2, "same", name=f"{name}_pool")(x)
    x = chain_residual_units(x, MASK_UNITS, f"{name}_in")
    if depth > 1:
        bridge = chain_residual_units(x, 1, f"{name}_bridge")
        x = keras.layers.Add(name=f"{name}_join")([add_hourglass(x, depth - 1, name), bridge])
    x = chain_residual_units(x, MASK_UNITS, f"{name}_out")
    return keras.layers.UpSampling2D(2, interpolation="bilinear", name=f"{name}_up")(x)
