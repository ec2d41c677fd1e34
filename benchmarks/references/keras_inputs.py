"""Batches with the seed repository's augmentation as Keras' documentation shows them, in its two ways.

`generator` is `ImageDataGenerator`, as the seed repository had it; `layers` are preprocessing layers in `tf.data`.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.our_input import IMAGES
from benchmarks.processes import answer
from benchmarks.rounds import BATCH_SIZE, CLASSES, MEAN, draw_split, read_for_a_while


def generate(images: np.ndarray, targets: np.ndarray) -> Iterator[Any]:
    """Batches of `ImageDataGenerator`."""
    generator = tf.keras.preprocessing.image.ImageDataGenerator(
        rotation_range=20, width_shift_range=0.2, height_shift_range=0.2, zoom_range=0.2, horizontal_flip=True
    )
    return iter(generator.flow(images, targets, batch_size=BATCH_SIZE))


def apply_layers(images: np.ndarray, targets: np.ndarray) -> Iterator[Any]:
    """Batches of a `tf.data.Dataset` that maps preprocessing layers."""
    augment = keras.Sequential(
        [
            keras.layers.RandomFlip("horizontal"),
            keras.layers.RandomRotation(20 / 360, fill_mode="nearest"),
            keras.layers.RandomTranslation(0.2, 0.2, fill_mode="nearest"),
            keras.layers.RandomZoom(0.2, fill_mode="nearest"),
        ]
    )
    dataset = tf.data.Dataset.from_tensor_slices((images, targets)).shuffle(len(images)).repeat().batch(BATCH_SIZE)
    dataset = dataset.map(lambda x, y: (augment(x, training=True), y), num_parallel_calls=tf.data.AUTOTUNE)
    return iter(dataset.prefetch(tf.data.AUTOTUNE))


def prepare_rounds(way: str) -> Callable[[], dict[str, float]]:
    """Give what reads batches for a while."""
    images, labels = draw_split(IMAGES)
    make = generate if way == "generator" else apply_layers
    iterator = make(images - MEAN, np.eye(CLASSES, dtype=np.float32)[labels])
    return lambda: read_for_a_while(iterator)


if __name__ == "__main__":
    answer(prepare_rounds(*sys.argv[1:]))
