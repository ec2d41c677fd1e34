"""Attention-56 and -92 layer by layer in functional Keras with its default settings, trained by `fit` on NumPy arrays.

As one writes them from Keras' documentation. The shapes are those of `pipeline.model`: both sides do the same work.
"""

import sys
import time
from collections.abc import Callable

import keras
import numpy as np

from benchmarks.processes import answer
from benchmarks.rounds import BATCH_SIZE, CLASSES, MEAN, SGD, STEPS, describe_round, draw_split
from pipeline.model.network import scale_channels
from pipeline.model.variants import LAYOUTS, modules_per_stage
from pipeline.settings.sections import LayoutName


def build_reference(network: str, layout: LayoutName, width: float) -> keras.Model:
    """The network with attention residual learning, from mean-subtracted images to logits."""
    shape = LAYOUTS[layout]
    images = keras.Input((32, 32, 3))
    x = keras.layers.Rescaling(1 / 64)(images)
    stem_channels = scale_channels(shape.stem_channels, width)
    x = keras.layers.Conv2D(stem_channels, shape.stem_kernel, padding="same", use_bias=False)(x)
    if shape.stem_pooling:
        x = keras.layers.MaxPooling2D(2)(x)
    for stage, modules in enumerate(modules_per_stage(network, layout)):
        channels = scale_channels(shape.stage_channels[stage], width)
        x = residual_unit(x, channels, strides=1 if stage == 0 else 2)
        for _ in range(modules):
            x = attention_module(x, channels, shape.mask_depths[stage])
        if shape.closing_unit:
            x = residual_unit(x, channels)
    for _ in range(shape.tail_units):
        x = residual_unit(x, scale_channels(shape.tail_channels, width), strides=x.shape[1] // shape.tail_size)
    x = keras.layers.GlobalAveragePooling2D()(batch_norm_relu(x))
    return keras.Model(images, keras.layers.Dense(CLASSES)(x))


def attention_module(x: keras.KerasTensor, channels: int, mask_depth: int) -> keras.KerasTensor:
    """Trunk and mask side by side, (1 + M)·T."""
    x = residual_unit(x, channels)
    trunk = residual_unit(residual_unit(x, channels), channels)
    mask = hourglass(x, channels, mask_depth)
    mask = keras.layers.Conv2D(channels, 1, use_bias=False)(batch_norm_relu(mask))
    mask = keras.layers.Conv2D(channels, 1, activation="sigmoid")(batch_norm_relu(mask))
    x = keras.layers.add([trunk, keras.layers.multiply([mask, trunk])])
    return residual_unit(x, channels)


def hourglass(x: keras.KerasTensor, channels: int, depth: int) -> keras.KerasTensor:
    """Down by pooling, up by bilinear interpolation, with a unit on each bridge."""
    x = keras.layers.MaxPooling2D(3, 2, "same")(x)
    x = residual_unit(x, channels)
    if depth > 1:
        bridge = residual_unit(x, channels)
        x = keras.layers.add([hourglass(x, channels, depth - 1), bridge])
    x = residual_unit(x, channels)
    return keras.layers.UpSampling2D(2, interpolation="bilinear")(x)


def residual_unit(x: keras.KerasTensor, channels: int, strides: int = 1) -> keras.KerasTensor:
    """A pre-activation bottleneck."""
    activated = batch_norm_relu(x)
    shortcut = x
    if strides != 1 or x.shape[-1] != channels:
        shortcut = keras.layers.Conv2D(channels, 1, strides, use_bias=False)(activated)
    y = keras.layers.Conv2D(channels // 4, 1, use_bias=False)(activated)
    y = keras.layers.Conv2D(channels // 4, 3, strides, "same", use_bias=False)(batch_norm_relu(y))
    y = keras.layers.Conv2D(channels, 1, use_bias=False)(batch_norm_relu(y))
    return keras.layers.add([shortcut, y])


def batch_norm_relu(x: keras.KerasTensor) -> keras.KerasTensor:
    """Batch normalization and ReLU."""
    return keras.layers.Activation("relu")(keras.layers.BatchNormalization()(x))


class StepEnds(keras.callbacks.Callback):
    """When the steps of the last call of `fit` ended."""

    def on_train_begin(self, logs: dict | None = None) -> None:  # noqa: ARG002
        """Begin anew."""
        self.ends: list[float] = []

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:  # noqa: ARG002
        """Note the time."""
        self.ends.append(time.time())


def prepare_rounds(network: str, layout: LayoutName, width: str) -> Callable[[], dict[str, float]]:
    """Build and compile a network, and give what trains it for a round."""
    images, labels = draw_split(BATCH_SIZE * STEPS)
    inputs, targets = images - MEAN, np.eye(CLASSES, dtype=np.float32)[labels]
    model = build_reference(network, layout, float(width))
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(**SGD), loss, metrics=["accuracy"])
    step_ends = StepEnds()

    def train_round() -> dict[str, float]:
        model.fit(inputs, targets, batch_size=BATCH_SIZE, verbose=0, callbacks=[step_ends])
        return describe_round(step_ends.ends)

    return train_round


if __name__ == "__main__":
    answer(prepare_rounds(*sys.argv[1:]))  # type: ignore[arg-type]
