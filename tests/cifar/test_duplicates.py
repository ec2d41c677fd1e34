import hashlib

import numpy as np

from pipeline.cifar.duplicates import count_duplicates, hash_images


def draw(images, seed):
    return np.random.default_rng(seed).integers(0, 256, (images, 32, 32, 3)).astype(np.uint8)


def count(**splits):
    return count_duplicates({split: hash_images(images) for split, images in splits.items()})


def test_different_images_are_no_duplicates():
    assert count(train=draw(5, 0), validation=draw(3, 1), test=draw(2, 2)) == {
        "train": 0,
        "validation": 0,
        "test": 0,
        "train-validation": 0,
        "train-test": 0,
        "validation-test": 0,
    }


def test_copies_and_mirror_images_are_counted_where_they_are():
    train, validation, test = draw(5, 0), draw(3, 1), draw(4, 2)
    train[4] = train[1]
    validation[0] = train[0][:, ::-1]
    test[0], test[1], test[2] = train[2], train[4], validation[2]
    counts = count(train=train, validation=validation, test=test)
    assert list(counts.values()) == [1, 0, 0, 1, 2, 1]


def test_a_single_other_value_makes_another_image():
    train = draw(1, 0)
    test = train.copy()
    test[0, 31, 31, 2] ^= 1
    assert count(train=train, test=test)["train-test"] == 0
    upside_down = train[:, ::-1]
    assert count(train=train, test=upside_down)["train-test"] == 0
    assert count(train=train, test=train[:, :, ::-1])["train-test"] == 1


def test_a_digest_is_the_sha256_of_the_image_or_of_its_mirror_image():
    images = draw(20, 0)
    for image, digest in zip(images, hash_images(images), strict=True):
        sides = {hashlib.sha256(side.tobytes()).digest().rstrip(b"\0") for side in (image, image[:, ::-1])}
        assert digest in sides
    assert len(hash_images(images[:0])) == 0
