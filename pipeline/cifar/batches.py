"""Read TFRecord shards into memory, and make the batches of a training run out of them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from pipeline.cifar.augmentation import augment_batch
from pipeline.digests import hash_file
from pipeline.errors import InputError
from pipeline.inputs import read_json
from pipeline.settings.sections import Augment

PARSED_AT_ONCE = 2048


class Split(NamedTuple):
    """Images uint8 (n, 32, 32, 3), labels int64 (n,), and where there is label noise the clean labels, int64 (n,)."""

    images: np.ndarray
    labels: np.ndarray
    clean_labels: np.ndarray | None = None


def load_index(folder: Path) -> dict:
    """Read the index of a folder of shards, with the data set's name, digest and classes."""
    return read_json(folder / "index.json", "dataset", "sha256", "classes", "splits")


def load_split(folder: Path, split: str) -> Split:
    """Read all examples of a split, after checking its shards against the index.

    Raises:
        InputError: a shard is missing, additional, or not what the index says.
    """
    shards = load_index(folder)["splits"][split]
    listed = {shard["file"] for shard in shards}
    present = {path.name for path in folder.glob(f"{split}-*.tfrecord")}
    if listed != present:
        difference = "; ".join(
            f"{word} {', '.join(sorted(names))}"
            for word, names in (("without", listed - present), ("with", present - listed))
            if names
        )
        raise InputError(f"{folder} requires the {split} shards that its index.json lists. Received: {difference}")
    for shard in shards:
        received = hash_file(folder / shard["file"])
        if received != shard["sha256"]:
            raise InputError(f"{folder / shard['file']} requires sha256 {shard['sha256']}. Received: {received}")
    if not shards:
        return Split(np.empty((0, 32, 32, 3), np.uint8), np.empty(0, np.int64))
    files = [str(folder / shard["file"]) for shard in shards]
    parsed = list(tf.data.TFRecordDataset(files).batch(PARSED_AT_ONCE).map(_parse).as_numpy_iterator())
    images, labels, clean = (np.concatenate(parts) for parts in zip(*parsed, strict=True))
    return Split(images, labels, clean[:, 0] if clean.size else None)


def _parse(examples: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Images, labels, and clean labels as (n, 1) or, where there are none, (n, 0)."""
    features = {
        "image": tf.io.FixedLenFeature([], tf.string),
        "label": tf.io.FixedLenFeature([], tf.int64),
        "clean_label": tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True),
    }
    parsed = tf.io.parse_example(examples, features)
    images = tf.reshape(tf.io.decode_raw(parsed["image"], tf.uint8), [-1, 32, 32, 3])
    return images, parsed["label"], parsed["clean_label"]


def subtract_mean(images: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Mean-subtracted images, float32 (n, 32, 32, 3), from uint8 images and the mean image of the training split."""
    return images.astype(np.float32) - mean


def build_batches(
    train: Split,
    mean: np.ndarray,
    *,
    classes: int,
    batch_size: int,
    seed: int,
    epochs: range,
    augment: Augment,
    threads: int,
) -> tf.data.Dataset:
    """The batches of a training run, from any epoch on.

    A batch is a function of (seed, epoch, position in the epoch) alone. Each epoch visits the images in an order of
    its own, without replacement; those that do not fill a last batch are left out of it.

    Args:
        train: the training split, with at least `batch_size` images.
        mean: float32 (32, 32, 3), subtracted before augmentation (He et al. 2015, arXiv 1512.03385, section 4.2).
        classes: length of the one-hot labels.
        batch_size: images a step.
        seed: of order and augmentation.
        epochs: which epochs of the run, counted from 0.
        augment: see `Augment`.
        threads: CPU threads that prepare batches.

    Returns:
        For each step images, float32 (batch_size, 32, 32, 3), and labels, float32 (batch_size, classes).
    """
    images, labels, mean_pixels = tf.constant(train.images), tf.constant(train.labels), tf.constant(mean)

    def order_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        epoch_seed = tf.stack([tf.constant(seed, tf.int64), epoch])
        keys = tf.random.stateless_uniform([len(labels)], epoch_seed, None, None, tf.uint32, alg="philox")
        # Sorted as int64, because TensorFlow sorts no unsigned integers; stable, because keys can be equal.
        order = tf.argsort(tf.cast(keys, tf.int64), stable=True)
        steps = len(labels) // batch_size
        chosen = tf.reshape(order[: steps * batch_size], [steps, batch_size])
        return tf.data.Dataset.from_tensor_slices((tf.repeat(epoch, steps), tf.range(steps, dtype=tf.int64), chosen))

    def make_batch(epoch: tf.Tensor, position: tf.Tensor, chosen: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        batch_images = tf.cast(tf.gather(images, chosen), tf.float32) - mean_pixels
        batch_labels = tf.one_hot(tf.gather(labels, chosen), classes)
        epoch_seed = tf.cast(tf.stack([tf.constant(seed, tf.int64), epoch]), tf.int32)
        batch_seed = tf.random.fold_in(epoch_seed, position, alg="philox")
        return augment_batch(batch_images, batch_labels, batch_seed, augment)

    options = tf.data.Options()
    options.deterministic = True
    # Batches are made side by side; within a batch, threads would only be in each other's way.
    options.threading.max_intra_op_parallelism = 1
    options.threading.private_threadpool_size = threads
    dataset = tf.data.Dataset.range(epochs.start, epochs.stop).flat_map(order_epoch)
    return dataset.map(make_batch, num_parallel_calls=threads).prefetch(4).with_options(options)
