"""Augmentation of a batch of training images: a pure function of its arguments, in `tf.data` too."""

from typing import Literal, NamedTuple

import tensorflow as tf

CENTER = 15.5  # of 32 pixels


class Augmentation(NamedTuple):
    """How strongly images are changed; 0 and False mean not at all.

    Attributes:
        horizontal_flip: mirror half of the images.
        shift_pixels: whole pixels, uniform from -shift to +shift, on each axis.
        rotation_degrees: uniform from -rotation to +rotation.
        zoom_fraction: each axis is scaled by a factor uniform from 1 - zoom to 1 + zoom.
        fill: what lies outside of the image: "mean" (zero after subtraction) or the "nearest" pixel.
        cutout_pixels: side of a square set to the mean, centered anywhere (DeVries and Taylor 2017, arXiv 1708.04552).
        mixup_alpha: parameter of the Beta distribution (Zhang et al. 2018, arXiv 1710.09412, section 2).
    """

    horizontal_flip: bool
    shift_pixels: int
    rotation_degrees: float
    zoom_fraction: float
    fill: Literal["mean", "nearest"]
    cutout_pixels: int
    mixup_alpha: float


def augment_batch(
    images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor, settings: Augmentation
) -> tuple[tf.Tensor, tf.Tensor]:
    """Augment a batch.

    Args:
        images: float32 (batch, 32, 32, 3), the mean already subtracted.
        labels: float32 (batch, classes), one-hot.
        seed: int32 (2,); equal seeds give equal results.
        settings: see `Augmentation`.

    Returns:
        Images and labels of the same shapes.
    """
    batch = tf.shape(images)[0]
    between_pixels = settings.rotation_degrees or settings.zoom_fraction
    if between_pixels or settings.horizontal_flip or settings.shift_pixels:
        images = tf.raw_ops.ImageProjectiveTransformV3(
            images=images,
            transforms=draw_transforms(batch, _fold_in(seed, 0), settings),
            output_shape=[32, 32],
            # The same where all is shifted by whole pixels, in two thirds of the time.
            interpolation="BILINEAR" if between_pixels else "NEAREST",
            fill_mode="CONSTANT" if settings.fill == "mean" else "NEAREST",
            fill_value=0.0,
        )
    if settings.cutout_pixels:
        images *= draw_cutout(batch, _fold_in(seed, 1), settings.cutout_pixels)
    if settings.mixup_alpha:
        images, labels = mix_pairs(images, labels, _fold_in(seed, 2), settings.mixup_alpha)
    return images, labels


def draw_transforms(batch: tf.Tensor, seed: tf.Tensor, settings: Augmentation) -> tf.Tensor:
    """One projective transform an image, from output to input coordinates, float32 (batch, 8).

    The input coordinates are center + R (flip · zoom · (output - center)) + shift, with R a rotation: all changes
    are one resampling.
    """
    uniform = _uniform([6, batch], seed)
    angle = (2 * uniform[0] - 1) * settings.rotation_degrees * 0.017453292
    zoom_x = 1 + (2 * uniform[1] - 1) * settings.zoom_fraction
    zoom_y = 1 + (2 * uniform[2] - 1) * settings.zoom_fraction
    span = 2 * settings.shift_pixels + 1
    shift_x = tf.floor(uniform[3] * span) - settings.shift_pixels
    shift_y = tf.floor(uniform[4] * span) - settings.shift_pixels
    if settings.horizontal_flip:
        zoom_x *= tf.where(uniform[5] < 0.5, -1.0, 1.0)
    a, b = tf.cos(angle) * zoom_x, -tf.sin(angle) * zoom_y
    c, d = tf.sin(angle) * zoom_x, tf.cos(angle) * zoom_y
    offset_x = CENTER - (a + b) * CENTER + shift_x
    offset_y = CENTER - (c + d) * CENTER + shift_y
    zero = tf.zeros_like(a)
    return tf.stack([a, b, offset_x, c, d, offset_y, zero, zero], axis=1)


def draw_cutout(batch: tf.Tensor, seed: tf.Tensor, side: int) -> tf.Tensor:
    """Masks that are 0 in a square around a pixel anywhere in the image and 1 elsewhere, float32 (batch, 32, 32, 1)."""
    first = tf.floor(_uniform([2, batch, 1], seed) * 32) - side // 2
    axis = tf.range(32, dtype=tf.float32)
    inside_y, inside_x = tf.unstack((axis >= first) & (axis < first + side))
    return tf.cast(~(inside_y[:, :, None] & inside_x[:, None, :]), tf.float32)[..., None]


def mix_pairs(images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor, alpha: float) -> tuple[tf.Tensor, tf.Tensor]:
    """Blend each image and label with those of the next in the batch, by one weight from Beta(alpha, alpha).

    The batch is in random order already, so that neighbors are random pairs.
    """
    # The quotient of gamma variates has a beta distribution.
    gamma = tf.random.stateless_gamma([2], seed, alpha)
    weight = gamma[0] / tf.reduce_sum(gamma)
    images = weight * images + (1 - weight) * tf.roll(images, 1, axis=0)
    labels = weight * labels + (1 - weight) * tf.roll(labels, 1, axis=0)
    return images, labels


def _uniform(shape: list, seed: tf.Tensor) -> tf.Tensor:
    return tf.random.stateless_uniform(shape, seed, alg="philox")


def _fold_in(seed: tf.Tensor, number: int) -> tf.Tensor:
    return tf.random.fold_in(seed, number, alg="philox")
