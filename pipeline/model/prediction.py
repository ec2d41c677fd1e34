"""Apply a model to many images, and to several views of them."""

from typing import Any

import keras
import numpy as np


def predict(model: keras.Model, images: np.ndarray, batch_size: int) -> Any:
    """The model's outputs for all images: float32 (n, …), or a dictionary of these where it has several.

    The last batch is filled up with zeros, so that the model is traced for one shape only.
    """
    padding = -len(images) % batch_size
    filled = np.concatenate([images, np.zeros((padding, *images.shape[1:]), images.dtype)])
    outputs = model.predict(filled, batch_size=batch_size, verbose=0)
    return keras.tree.map_structure(lambda output: output[: len(images)], outputs)


def mirror(images: np.ndarray) -> np.ndarray:
    """The mirror images of (n, height, width, channels)."""
    return images[:, :, ::-1]


def shift(images: np.ndarray, pixels: int) -> np.ndarray:
    """Images moved down and right by some pixels, or up and left by as many below 0; the border is reflected."""
    border = abs(pixels)
    padded = np.pad(images, ((0, 0), (border, border), (border, border), (0, 0)), "reflect")
    start = border - pixels
    return padded[:, start : start + images.shape[1], start : start + images.shape[2]]


def list_views(images: np.ndarray) -> list[np.ndarray]:
    """Six views of images: as they are, mirrored, and both of these moved by a pixel up and left, and down and right.

    Source: the multi-crop evaluation of cifar10-airbench (Jordan 2024, arXiv 2404.00498); here all weigh the same.
    """
    moved = [images, shift(images, -1), shift(images, 1)]
    return [view for image in moved for view in (image, mirror(image))]
