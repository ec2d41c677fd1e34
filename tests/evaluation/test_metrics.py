import math

import numpy as np
import pytest

from pipeline.evaluation import metrics

PROBABILITIES = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]])
LABELS = np.array([0, 1, 1, 0])


def test_error_is_the_share_of_wrong_images_in_percent():
    assert metrics.error_percent(PROBABILITIES, LABELS) == 50.0


def test_losses_agree_with_a_sum_by_hand():
    expected = -(math.log(0.9) + math.log(0.4) + math.log(0.8) + math.log(0.3)) / 4
    assert metrics.log_loss(PROBABILITIES, LABELS) == pytest.approx(expected)
    assert metrics.cross_entropy(np.log(PROBABILITIES) + 5, LABELS) == pytest.approx(expected)


def test_a_certain_mistake_has_a_finite_loss():
    assert math.isfinite(metrics.log_loss(np.array([[1.0, 0.0]]), np.array([1])))


def test_calibration_error_agrees_with_a_sum_by_hand():
    # Each confidence is in a bin of its own: 0.9 right, 0.6 wrong, 0.8 right, 0.7 wrong.
    expected = 100 * (abs(1 - 0.9) + abs(0 - 0.6) + abs(1 - 0.8) + abs(0 - 0.7)) / 4
    assert metrics.calibration_error_percent(PROBABILITIES, LABELS) == pytest.approx(expected)


def test_gaps_within_a_bin_balance_and_edges_belong_to_the_bin_above():
    # 0.62 right and 0.65 wrong are in the bin from 9/15 to 10/15; 0.8 is the lower edge of 12/15, where 0.84 is too.
    confidence = np.array([0.62, 0.65, 0.8, 0.84, 1.0])
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    labels = np.array([0, 1, 0, 1, 0])
    expected = 100 * (abs(1 - 0.62 - 0.65) + abs(1 - 0.8 - 0.84) + abs(1 - 1.0)) / 5
    assert metrics.calibration_error_percent(probabilities, labels) == pytest.approx(expected)
    assert metrics.assign_bins(confidence).tolist() == [9, 9, 12, 12, 14]


def test_errors_per_class_are_shares_of_that_class():
    assert metrics.errors_per_class_percent(PROBABILITIES, np.array([0, 0, 0, 1])) == pytest.approx([100 / 3, 0])
