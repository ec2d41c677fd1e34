"""The Residual Attention Network, and the classifier that a training saves."""

from functools import partial

import keras
import numpy as np

from pipeline.model.attention_module import add_attention_module
from pipeline.model.layers import convolve, normalize_and_activate
from pipeline.model.residual_unit import add_residual_unit
from pipeline.model.tensorflow_layers import Dense
from pipeline.model.variants import LAYOUTS, modules_per_stage
from pipeline.settings.sections import Attention, LayoutName, Learning, Mask

IMAGE_SHAPE = (32, 32, 3)
# Roughly the standard deviation of CIFAR's pixels: with it the stem sees values around 1, as He initialization assumes.
PIXEL_SCALE = 64.0


def build_network(
    network: str,
    *,
    layout: LayoutName,
    width: float,
    learning: Learning,
    attention: Attention,
    mask: Mask,
    classes: int,
    dropout: float,
    l2: float,
) -> keras.Model:
    """A network by name, from mean-subtracted images to logits.

    Args:
        network: such as "attention-56"; see `pipeline.model.variants`.
        layout: "paper", "seed" or "wide-stem".
        width: factor on every channel count, above 0.
        learning: "arl", (1 + M)·T, or "nal", M·T.
        attention: "mixed", "channel" or "spatial"; see `pipeline.model.soft_mask`.
        mask: "hourglass", "convolutions" or "none"; see there.
        classes: how many logits.
        dropout: rate before the dense layer, from 0 to below 1.
        l2: factor of the dense kernel's squared norm in the loss, 0 or more.

    Returns:
        A model from float images (batch, 32, 32, 3), pixel values from 0 to 255 minus the training mean,
        to float32 logits (batch, classes).

    Raises:
        InputError: the layout has no such network.
    """
    modules = modules_per_stage(network, layout)
    shape = LAYOUTS[layout]
    add_module = partial(add_attention_module, learning=learning, attention=attention, mask=mask)
    images = keras.Input(IMAGE_SHAPE, name="images")
    x = keras.layers.Rescaling(1 / PIXEL_SCALE, name="scale")(images)
    x = convolve(x, scale_channels(shape.stem_channels, width), shape.stem_kernel, "stem_conv")
    if shape.stem_pooling:
        x = keras.layers.MaxPooling2D(2, name="stem_pool")(x)
    for stage, count in enumerate(modules, start=1):
        channels = scale_channels(shape.stage_channels[stage - 1], width)
        x = add_residual_unit(x, channels, f"stage{stage}_unit1", strides=1 if stage == 1 else 2)
        for number in range(1, count + 1):
            x = add_module(x, shape.mask_depths[stage - 1], name=f"stage{stage}_module{number}")
        if shape.closing_unit:
            x = add_residual_unit(x, channels, f"stage{stage}_unit2")
    for number in range(1, shape.tail_units + 1):
        strides = x.shape[1] // shape.tail_size
        x = add_residual_unit(x, scale_channels(shape.tail_channels, width), f"tail_unit{number}", strides)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(normalize_and_activate(x, "last"))
    if dropout:
        x = keras.layers.Dropout(dropout, seed=0, name="dropout")(x)
    regularizer = keras.regularizers.L2(l2) if l2 else None
    logits = Dense(classes, kernel_regularizer=regularizer, dtype="float32", name="logits")(x)
    return keras.Model(images, logits, name=network)


def scale_channels(channels: int, width: float) -> int:
    """`channels` × `width`, to the nearest multiple of 4 (a bottleneck has a quarter of them), at least 4."""
    return max(4, 4 * round(channels * width / 4))


def build_classifier(network: keras.Model, mean: np.ndarray) -> keras.Model:
    """The model for users: raw images in, probabilities out. It shares the network's weights.

    Args:
        network: from `build_network`.
        mean: what the network's training subtracted from each pixel, float32 (32, 32, 3), from 0 to 255.

    Returns:
        A model from uint8 images (batch, 32, 32, 3), red, green, blue, to probabilities (batch, classes).
    """
    images = keras.Input(IMAGE_SHAPE, dtype="uint8", name="raw_images")
    subtract_mean = keras.layers.Normalization(
        axis=(1, 2, 3), mean=mean, variance=np.ones_like(mean), dtype="float32", name="subtract_mean"
    )
    x = keras.layers.Rescaling(1.0, dtype="float32", name="to_float")(images)
    probabilities = keras.layers.Softmax(dtype="float32", name="probabilities")(
        without_optimizer(network)(subtract_mean(x))
    )
    return keras.Model(images, probabilities, name="classifier")


def without_optimizer(network: keras.Model) -> keras.Model:
    """The same layers as a model that is not compiled: what describes the network, and nothing of its training."""
    return keras.Model(network.input, network.output, name=network.name)
