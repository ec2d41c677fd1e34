import hashlib
import json

import numpy as np
import pytest

from pipeline.cifar.batches import Split, build_batches, load_index, load_split, subtract_mean
from pipeline.cifar.records import write_shard
from tests.augments import ALL, OFF, change
from tests.refusals import refusal

COUNT = 24


@pytest.fixture
def split():
    """Each image has a class of its own, by which it is recognized."""
    images = np.random.default_rng(0).integers(0, 256, (COUNT, 32, 32, 3), np.uint8)
    return Split(images, np.arange(COUNT))


def mean_image(split):
    return split.images.mean(axis=0, dtype=np.float64).astype(np.float32)


@pytest.fixture
def folder(tmp_path, split):
    """The split `train` in three shards, and `validation` without images."""
    shards = []
    for number, part in enumerate([slice(0, 10), slice(10, 20), slice(20, 24)]):
        path = tmp_path / f"train-{number:05d}-of-00003.tfrecord"
        write_shard(path, split.images[part], {"label": split.labels[part], "index": split.labels[part]})
        shards.append({"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()})
    index = {"dataset": "a", "sha256": "b", "classes": [], "splits": {"train": shards, "validation": []}}
    (tmp_path / "index.json").write_text(json.dumps(index))
    return tmp_path


@pytest.fixture
def batches(split):
    """Build the batches of a run as lists of arrays."""

    def build(epochs, batch_size=6, seed=1, augment=OFF, threads=2):
        dataset = build_batches(
            split,
            mean_image(split),
            classes=COUNT,
            batch_size=batch_size,
            seed=seed,
            epochs=epochs,
            augment=augment,
            threads=threads,
        )
        return list(dataset.as_numpy_iterator())

    return build


def order(batches):
    return [int(label) for _, labels in batches for label in labels.argmax(axis=1)]


def assert_equal(one, other):
    assert len(one) == len(other)
    for (images, labels), (other_images, other_labels) in zip(one, other, strict=True):
        np.testing.assert_array_equal(images, other_images)
        np.testing.assert_array_equal(labels, other_labels)


def test_a_split_is_read_in_order(folder, split):
    images, labels, _ = load_split(folder, "train")
    np.testing.assert_array_equal(images, split.images)
    np.testing.assert_array_equal(labels, split.labels)
    assert images.dtype == np.uint8
    assert labels.dtype == np.int64


def test_a_split_longer_than_is_parsed_at_once_is_read_whole(folder, split, monkeypatch):
    monkeypatch.setattr("pipeline.cifar.batches.PARSED_AT_ONCE", 7)
    np.testing.assert_array_equal(load_split(folder, "train").images, split.images)


def test_a_split_without_images_is_empty(folder):
    images, labels, _ = load_split(folder, "validation")
    assert images.shape == (0, 32, 32, 3)
    assert labels.shape == (0,)


def test_a_missing_shard_is_named(folder):
    (folder / "train-00001-of-00003.tfrecord").unlink()
    assert refusal(load_split, folder, "train") == (
        f"{folder} requires the train shards that its index.json lists. Received: without train-00001-of-00003.tfrecord"
    )


def test_an_additional_shard_is_named(folder):
    (folder / "train-00003-of-00004.tfrecord").touch()
    message = refusal(load_split, folder, "train")
    assert message.endswith("index.json lists. Received: with train-00003-of-00004.tfrecord")


@pytest.mark.parametrize("position", [0, 5000, -1])
def test_a_flipped_byte_is_noticed(position, folder):
    shard = folder / "train-00002-of-00003.tfrecord"
    required = load_index(folder)["splits"]["train"][2]["sha256"]
    content = bytearray(shard.read_bytes())
    content[position] ^= 1
    shard.write_bytes(content)
    message = refusal(load_split, folder, "train")
    assert message == f"{shard} requires sha256 {required}. Received: {hashlib.sha256(content).hexdigest()}"


def test_inputs_have_zero_mean_over_an_epoch(batches):
    inputs = np.concatenate([images for images, _ in batches(range(1))])
    assert inputs.dtype == np.float32
    np.testing.assert_allclose(inputs.mean(axis=0, dtype=np.float64), 0, atol=1e-4)


def test_batches_hold_the_images_that_their_labels_tell(batches, split):
    inputs = subtract_mean(split.images, mean_image(split))
    for images, labels in batches(range(2)):
        np.testing.assert_array_equal(images, inputs[labels.argmax(axis=1)])
        assert (labels.sum(axis=1) == 1).all()


def test_each_epoch_visits_each_image_once_in_an_order_of_its_own(batches):
    epochs = [tuple(order(batches(range(epoch, epoch + 1)))) for epoch in range(3)]
    assert all(sorted(epoch) == list(range(COUNT)) for epoch in epochs)
    assert len({*epochs, tuple(range(COUNT))}) == 4


def test_images_that_do_not_fill_a_batch_are_left_out_of_the_epoch(batches):
    run = batches(range(2), batch_size=7)
    assert [len(images) for images, _ in run] == [7] * 6
    assert len(set(order(run[:3]))) == 21


def test_a_run_that_goes_on_sees_the_batches_it_would_have_seen(batches):
    assert_equal(batches(range(2, 4), augment=ALL), batches(range(4), augment=ALL)[8:])


def test_threads_do_not_change_batches(batches):
    assert_equal(batches(range(1), augment=ALL, threads=1), batches(range(1), augment=ALL, threads=3))


def test_the_seed_decides_order_and_augment(batches):
    assert order(batches(range(1), seed=1)) != order(batches(range(1), seed=2))
    cutout = change(OFF, cutout_pixels=16)
    cuts = [
        np.concatenate([(images == 0).all(axis=-1) for images, _ in batches(range(1), seed=seed, augment=cutout)])
        for seed in (1, 2)
    ]
    assert not np.array_equal(*cuts)


def test_batches_of_a_run_are_augmented_differently(batches):
    cutout = change(OFF, cutout_pixels=16)
    cuts = [(images == 0).all(axis=-1).tobytes() for images, _ in batches(range(2), augment=cutout)]
    assert len(set(cuts)) == len(cuts) == 8
