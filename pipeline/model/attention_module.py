"""The Attention Module: a trunk, a soft mask, and how the mask acts on the trunk.

Source: Wang et al. 2017, "Residual Attention Network for Image Classification" (arXiv 1704.06904),
section 3 and figure 2; p = 1, t = 2, r = 1 as in section 3.3.
"""

import keras

from pipeline.model.residual_unit import chain_residual_units
from pipeline.model.soft_mask import add_soft_mask
from pipeline.settings.sections import Attention, Learning, Mask

PREPROCESSING_UNITS = 1  # p, before the branches split and after they join
TRUNK_UNITS = 2  # t


def add_attention_module(
    x: keras.KerasTensor, mask_depth: int, *, learning: Learning, attention: Attention, mask: Mask, name: str
) -> keras.KerasTensor:
    """One Attention Module: p units, trunk and soft mask side by side, their combination, p units.

    Args:
        x: feature maps, (batch, size, size, channels), with size divisible by 2 ** mask_depth.
        mask_depth: how often the mask halves the resolution, 1 or more.
        learning: "arl" or "nal", see `combine`.
        attention: "mixed", "channel" or "spatial", see `pipeline.model.soft_mask`.
        mask: "hourglass" or "convolutions", see there; with "none" there is the trunk only.
        name: prefix of the layers' names, unique in the network.

    Returns:
        Feature maps of the shape of `x`.
    """
    x = chain_residual_units(x, PREPROCESSING_UNITS, f"{name}_before")
    trunk = chain_residual_units(x, TRUNK_UNITS, f"{name}_trunk")
    if mask == "none":
        x = trunk
    else:
        x = combine(trunk, add_soft_mask(x, mask_depth, mask, attention, f"{name}_mask"), learning, name)
    return chain_residual_units(x, PREPROCESSING_UNITS, f"{name}_after")


def combine(trunk: keras.KerasTensor, soft_mask: keras.KerasTensor, learning: Learning, name: str) -> keras.KerasTensor:
    """Attention residual learning, (1 + M)·T (equation 3), or naive attention learning, M·T (equation 1)."""
    masked = keras.layers.Multiply(name=f"{name}_masked")([soft_mask, trunk])
    if learning == "nal":
        return masked
    return keras.layers.Add(name=f"{name}_attended")([trunk, masked])
