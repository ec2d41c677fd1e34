import numpy as np
import pytest

from pipeline.cifar.splits import choose_validation_images
from tests.refusals import refusal


@pytest.fixture
def labels():
    """Ten classes of 6 to 15 images each, in random order."""
    return np.random.default_rng(0).permutation(np.repeat(np.arange(10), np.arange(6, 16)))


@pytest.mark.parametrize("count", [1, 10, 20, 23, 50])
def test_validation_images_are_balanced_within_one_image(count, labels):
    chosen = choose_validation_images(labels, count, seed=0)
    counts = np.bincount(labels[chosen], minlength=10)
    assert counts.sum() == count
    assert counts.max() - counts.min() <= 1


def test_validation_images_are_distinct_positions_in_ascending_order(labels):
    chosen = choose_validation_images(labels, 30, seed=0)
    assert (np.diff(chosen) > 0).all()
    assert chosen.min() >= 0
    assert chosen.max() < len(labels)
    assert chosen.dtype == np.int64


def test_the_choice_is_pinned():
    """Philox' raw bits are the same on all machines and versions."""
    labels = np.arange(30) % 3
    assert choose_validation_images(labels, 6, seed=0).tolist() == [0, 6, 10, 16, 20, 23]


def test_more_validation_images_hold_the_fewer_ones(labels):
    fewer, more = (choose_validation_images(labels, count, seed=5) for count in (20, 40))
    assert set(fewer) < set(more)


def test_no_validation_images_are_allowed(labels):
    assert choose_validation_images(labels, 0, seed=0).tolist() == []


@pytest.mark.parametrize(("count", "share"), [(51, 6), (60, 6), (1000, 100)])
def test_a_class_keeps_training_images(count, share, labels):
    assert refusal(choose_validation_images, labels, count, 0) == (
        "preprocess.validation_images requires fewer images of each class than there are: class 0 has 6. "
        f"Received: {count}, {share} of that class"
    )
