import numpy as np
import pytest

from pipeline.check import describe_difference
from pipeline.errors import InputError

RECORDED = np.array([[0.25, 0.75], [0.5, 0.5], [0.875, 0.125]], np.float16)


def test_predictions_that_round_to_the_record_are_the_same():
    assert describe_difference(RECORDED, RECORDED.astype(np.float32) + np.float32(1e-6)) == ""


def test_differences_are_counted_and_the_largest_is_told():
    probabilities = RECORDED.astype(np.float32)
    probabilities[0] = [0.75, 0.25]
    probabilities[1] = [0.51, 0.49]
    said = "2 of 3 predictions differ, by up to 0.5; 1 have another class"
    assert describe_difference(RECORDED, probabilities) == said


def test_a_record_of_other_images_is_refused():
    with pytest.raises(InputError, match=r"requires predictions \(2, 2\)\. Received: \(3, 2\)"):
        describe_difference(RECORDED, np.zeros((2, 2), np.float32))
