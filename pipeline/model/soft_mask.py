"""The soft mask branch: where its features come from (`MASKS`), and how they become weights (`ATTENTIONS`).

Source: Wang et al. 2017, "Residual Attention Network for Image Classification" (arXiv 1704.06904), sections 3.1, 3.2.
"""

from collections.abc import Callable

import keras

from pipeline.model.layers import EPSILON, convolve, normalize_and_activate
from pipeline.model.residual_unit import chain_residual_units
from pipeline.model.tensorflow_layers import GroupNormalization, UnitNormalization
from pipeline.settings.sections import Attention, Mask

MASK_UNITS = 1  # r, between two changes of resolution


def add_soft_mask(x: keras.KerasTensor, depth: int, mask: Mask, attention: Attention, name: str) -> keras.KerasTensor:
    """The soft mask branch: features of `x`, two 1×1 convolutions, and what makes weights of them.

    Args:
        x: feature maps, (batch, size, size, channels), with size divisible by 2 ** depth.
        depth: of the hourglass, 1 or more.
        mask: a row of `MASKS`.
        attention: a row of `ATTENTIONS`.
        name: of the last layer, and prefix of the others' names.

    Returns:
        Weights of the shape of `x`: from 0 to 1, for channel attention from -1 to 1.
    """
    channels = x.shape[-1]
    x = MASKS[mask](x, depth, name)
    x = convolve(normalize_and_activate(x, f"{name}_out1"), channels, 1, f"{name}_out1_conv")
    x = convolve(normalize_and_activate(x, f"{name}_out2"), channels, 1, f"{name}_out2_conv", use_bias=True)
    return ATTENTIONS[attention](x, name)


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


def add_local_convolutions(x: keras.KerasTensor, depth: int, name: str) -> keras.KerasTensor:
    """The units of an hourglass of this depth in a row, at full resolution: section 4.1, table 4.

    So they have exactly its parameters, and more arithmetic: the paper takes three units, of equal arithmetic.
    """
    bridges = depth - 1
    return chain_residual_units(x, 2 * MASK_UNITS * depth + bridges, f"{name}_local")


def add_mixed_attention(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """f1 (equation 4): the sigmoid of every value."""
    return keras.layers.Activation("sigmoid", name=name)(x)


def add_channel_attention(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """f2 (equation 5): at each position, the channels divided by their L2 norm; nothing of the position's strength."""
    return UnitNormalization(name=name)(x)


def add_spatial_attention(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """f3 (equation 6): each channel's map minus its mean, over its standard deviation; then the sigmoid."""
    x = GroupNormalization(-1, epsilon=EPSILON, center=False, scale=False, name=f"{name}_map_norm")(x)
    return keras.layers.Activation("sigmoid", name=name)(x)


# All but "none", which is the trunk alone: `pipeline.model.attention_module`.
MASKS: dict[str, Callable[[keras.KerasTensor, int, str], keras.KerasTensor]] = {
    "hourglass": add_hourglass,
    "convolutions": add_local_convolutions,
}
ATTENTIONS: dict[str, Callable[[keras.KerasTensor, str], keras.KerasTensor]] = {
    "mixed": add_mixed_attention,
    "channel": add_channel_attention,
    "spatial": add_spatial_attention,
}
