import keras
import numpy as np
import pytest

from pipeline.model.prediction import list_views, predict, shift

IMAGES = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)


@pytest.mark.parametrize("batch_size", [3, 7, 20])
def test_predictions_do_not_depend_on_how_the_batches_are_filled(batch_size):
    images = np.random.default_rng(0).integers(0, 256, (7, 4, 4, 3), np.uint8)
    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten(), keras.layers.Dense(5)])
    kernel, bias = model.get_weights()
    expected = images.reshape(7, -1) @ kernel.astype(np.float64) + bias
    np.testing.assert_allclose(predict(model, images, batch_size), expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("pixels", [-1, 1, 2])
def test_a_shifted_image_has_its_pixels_elsewhere_and_a_reflected_border(pixels):
    moved = shift(IMAGES, pixels)
    for y in range(4):
        for x in range(4):
            # Without the border's own pixel: 1, 0 | 0 is not there, 2, 1 | 0 is.
            source = [abs(3 - abs(3 - (place - pixels))) for place in (y, x)]
            np.testing.assert_array_equal(moved[:, y, x], IMAGES[:, source[0], source[1]])


def test_six_views_are_three_places_with_their_mirror_images():
    views = list_views(IMAGES)
    assert len({view.tobytes() for view in views}) == 6
    np.testing.assert_array_equal(views[0], IMAGES)
    for image, mirrored in zip(views[::2], views[1::2], strict=True):
        np.testing.assert_array_equal(mirrored[:, :, 0], image[:, :, -1])
    np.testing.assert_array_equal(views[2][:, :3, :3], IMAGES[:, 1:, 1:])
    np.testing.assert_array_equal(views[4][:, 1:, 1:], IMAGES[:, :3, :3])
