import numpy as np
import pytest

from pipeline.cifar.label_noise import draw_noisy_labels
from tests.refusals import refusal

CLASSES, IMAGES = 10, 50_000
LABELS = np.arange(IMAGES) % CLASSES


@pytest.mark.parametrize("noise", [0.1, 0.3, 0.5, 0.7])
def test_labels_are_confused_as_the_papers_matrix_says(noise):
    noisy = draw_noisy_labels(LABELS, CLASSES, noise, seed=0)
    confusion = np.zeros((CLASSES, CLASSES))
    np.add.at(confusion, (LABELS, noisy), 1 / (IMAGES / CLASSES))
    expected = np.full((CLASSES, CLASSES), noise / (CLASSES - 1))
    np.fill_diagonal(expected, 1 - noise)
    deviation = np.sqrt(expected * (1 - expected) / (IMAGES / CLASSES))
    assert (np.abs(confusion - expected) < 4 * deviation).all()
    assert noisy.dtype == np.int64


def test_no_noise_changes_nothing():
    np.testing.assert_array_equal(draw_noisy_labels(LABELS, CLASSES, 0.0, seed=0), LABELS)


def test_the_seed_decides():
    one, again, other = (draw_noisy_labels(LABELS, CLASSES, 0.5, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert 0.4 < (one != other).mean() < 0.8


def test_more_noise_keeps_the_wrong_labels_of_less():
    less, more = (draw_noisy_labels(LABELS, CLASSES, noise, seed=3) for noise in (0.3, 0.5))
    wrong = less != LABELS
    np.testing.assert_array_equal(more[wrong], less[wrong])
    assert ((more != LABELS) & ~wrong).any()


def test_a_label_depends_on_its_position_and_not_on_how_many_there_are():
    few = draw_noisy_labels(LABELS[:100], CLASSES, 0.5, seed=0)
    np.testing.assert_array_equal(few, draw_noisy_labels(LABELS, CLASSES, 0.5, seed=0)[:100])


def test_the_draw_is_pinned():
    """Philox' raw bits are the same on all machines and versions."""
    assert draw_noisy_labels(np.zeros(12, np.int64), 5, 0.5, seed=0).tolist() == [2, 0, 0, 4, 3, 0, 0, 3, 0, 2, 1, 4]


def test_of_two_classes_the_other_one_is_taken():
    noisy = draw_noisy_labels(np.zeros(1000, np.int64), 2, 0.9, seed=0)
    assert set(noisy.tolist()) == {0, 1}


def test_one_class_has_no_wrong_labels():
    message = refusal(draw_noisy_labels, np.zeros(3, np.int64), 1, 0.1, 0)
    assert message == "preprocess.label_noise requires two classes or more. Received: 1"
