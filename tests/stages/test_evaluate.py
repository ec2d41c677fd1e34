import numpy as np
import pytest

from pipeline.stages.evaluate import scale_masks


@pytest.mark.parametrize(
    ("attention", "values", "kept"),
    [
        ("mixed", [0, 0.5, 1], np.array([0, 128, 255], np.uint8)),
        ("spatial", [0, 0.25, 1], np.array([0, 64, 255], np.uint8)),
        ("channel", [-1, 0.25, 1], np.array([-127, 32, 127], np.int8)),
    ],
)
def test_masks_are_kept_as_whole_numbers_of_their_range(attention, values, kept):
    scaled = scale_masks({"stage1_module1": np.array(values, np.float32)}, attention)["stage1_module1"]
    np.testing.assert_array_equal(scaled, kept)
    assert scaled.dtype == kept.dtype


def test_of_a_network_without_masks_none_are_kept():
    assert scale_masks({}, "mixed") == {}
