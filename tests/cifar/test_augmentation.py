import numpy as np
import pytest
import tensorflow as tf

from pipeline.cifar.augmentation import augment_batch, draw_cutout, draw_transforms, mix_pairs
from tests.augments import ALL, OFF, change

SEED = np.array([3, 5], np.int32)


def make_batch(count):
    images = np.random.default_rng(0).normal(0, 60, (count, 32, 32, 3)).astype(np.float32)
    return images, np.eye(count, dtype=np.float32)


def augment_eagerly(images, labels, seed, settings):
    results = augment_batch(tf.constant(images), tf.constant(labels), tf.constant(seed), settings)
    return [result.numpy() for result in results]


def augment_in_tf_data(images, labels, seed, settings):
    dataset = tf.data.Dataset.from_tensors((images, labels, seed))
    return next(dataset.map(lambda *batch: augment_batch(*batch, settings)).as_numpy_iterator())


both_ways = pytest.mark.parametrize("augment", [augment_eagerly, augment_in_tf_data])


def resample(image, transform, fill):
    """Bilinear, pixel by pixel, from output to input coordinates."""
    a, b, offset_x, c, d, offset_y = np.asarray(transform, np.float64).ravel()

    def pixel(x, y):
        return image[y, x] if 0 <= x < 32 and 0 <= y < 32 else np.zeros(3)

    result = np.empty_like(image)
    for row in range(32):
        for column in range(32):
            x, y = a * column + b * row + offset_x, c * column + d * row + offset_y
            if fill == "nearest":
                x, y = np.clip([x, y], 0, 31)
            left, top = int(np.floor(x)), int(np.floor(y))
            right_share, bottom_share = x - left, y - top
            upper = (1 - right_share) * pixel(left, top) + right_share * pixel(left + 1, top)
            lower = (1 - right_share) * pixel(left, top + 1) + right_share * pixel(left + 1, top + 1)
            result[row, column] = (1 - bottom_share) * upper + bottom_share * lower
    return result


@both_ways
def test_off_leaves_images_and_labels_unchanged(augment):
    images, labels = make_batch(4)
    augmented, augmented_labels = augment(images, labels, SEED, OFF)
    np.testing.assert_array_equal(augmented, images)
    np.testing.assert_array_equal(augmented_labels, labels)


@pytest.mark.parametrize("fill", ["mean", "nearest"])
def test_eager_and_tf_data_agree_and_the_seed_decides(fill):
    images, labels = make_batch(6)
    settings = change(ALL, fill=fill)
    eager, mapped, other = (
        augment_eagerly(images, labels, SEED, settings),
        augment_in_tf_data(images, labels, SEED, settings),
        augment_eagerly(images, labels, SEED + 1, settings),
    )
    np.testing.assert_allclose(eager[0], mapped[0], atol=1e-2)
    np.testing.assert_array_equal(eager[1], mapped[1])
    assert eager[0].shape == images.shape
    assert abs(eager[0] - other[0]).max() > 1


@both_ways
def test_about_half_of_the_images_are_flipped(augment):
    images, labels = make_batch(200)
    flipped, _ = augment(images, labels, SEED, change(OFF, horizontal_flip=True))
    mirrored = [np.array_equal(image, original[:, ::-1]) for image, original in zip(flipped, images, strict=True)]
    unchanged = [np.array_equal(image, original) for image, original in zip(flipped, images, strict=True)]
    assert np.logical_xor(mirrored, unchanged).all()
    assert 70 <= sum(mirrored) <= 130


@both_ways
@pytest.mark.parametrize(("fill", "padding"), [("mean", {"mode": "constant"}), ("nearest", {"mode": "edge"})])
def test_shifts_are_whole_pixels(fill, padding, augment):
    images, labels = make_batch(100)
    shifted, _ = augment(images, labels, SEED, change(OFF, shift_pixels=2, fill=fill))
    seen = set()
    for image, original in zip(shifted, images, strict=True):
        padded = np.pad(original, [(2, 2), (2, 2), (0, 0)], **padding)
        matches = [(y, x) for y in range(5) for x in range(5) if np.array_equal(image, padded[y : y + 32, x : x + 32])]
        assert len(matches) == 1
        seen.update(matches)
    assert {y for y, _ in seen} == {x for _, x in seen} == set(range(5))


@both_ways
@pytest.mark.parametrize("fill", ["mean", "nearest"])
@pytest.mark.parametrize(
    "settings",
    [
        change(OFF, rotation_degrees=40.0),
        change(OFF, zoom_fraction=0.3),
        change(OFF, horizontal_flip=True, shift_pixels=5, rotation_degrees=20.0, zoom_fraction=0.2),
    ],
    ids=["rotation", "zoom", "all"],
)
def test_images_are_resampled_like_a_plain_loop(settings, fill, augment):
    images, labels = make_batch(3)
    augmented, _ = augment(images, labels, SEED, change(settings, fill=fill))
    transforms = draw_transforms(3, tf.random.fold_in(SEED, 0, alg="philox"), settings).numpy()
    for image, original, transform in zip(augmented, images, transforms, strict=True):
        np.testing.assert_allclose(image, resample(original, transform, fill), atol=0.02)


def test_a_transform_is_flip_and_zoom_then_rotation_then_shift():
    settings = change(OFF, horizontal_flip=True, shift_pixels=3, rotation_degrees=30.0, zoom_fraction=0.25)
    transforms = draw_transforms(500, SEED, settings).numpy().astype(np.float64)
    matrices = transforms[:, :, :2]
    shift = matrices @ [15.5, 15.5] + transforms[:, :, 2] - 15.5
    np.testing.assert_allclose(shift, shift.round(), atol=1e-4)
    zoom = np.linalg.norm(matrices, axis=1)
    angle = np.degrees(np.arctan2(-matrices[:, 0, 1], matrices[:, 1, 1]))
    np.testing.assert_allclose((matrices[:, :, 0] * matrices[:, :, 1]).sum(axis=1), 0, atol=1e-5)
    for values, low, high in [(shift, -3, 3), (zoom, 0.75, 1.25), (angle, -30, 30)]:
        assert values.min() == pytest.approx(low, abs=0.02 * (high - low))
        assert values.max() == pytest.approx(high, abs=0.02 * (high - low))
        assert values.mean() == pytest.approx((low + high) / 2, abs=0.1 * (high - low))


@pytest.mark.parametrize("side", [1, 7, 8, 32])
def test_cutout_is_one_square_around_a_pixel_anywhere(side):
    masks = draw_cutout(300, SEED, side).numpy()
    assert masks.shape == (300, 32, 32, 1)
    lengths = set()
    for mask in masks[..., 0]:
        rows, columns = (np.flatnonzero((mask == 0).any(axis=axis)) for axis in (1, 0))
        assert (mask == 0).sum() == len(rows) * len(columns)
        for inside in (rows, columns):
            assert len(inside) == np.ptp(inside) + 1
            assert len(inside) == side or inside[0] == 0 or inside[-1] == 31
            lengths.add(len(inside))
    assert max(lengths) == side
    assert min(lengths) <= (side + 1) // 2 + 1
    assert set(np.unique(masks)) == {0, 1}


@both_ways
def test_cutout_sets_pixels_to_the_mean_and_no_others(augment):
    images, labels = make_batch(20)
    cut, _ = augment(images, labels, SEED, change(OFF, cutout_pixels=8))
    assert ((cut == images) | (cut == 0)).all()
    assert all(0 < (image == 0).sum() <= 8 * 8 * 3 for image in cut)


@both_ways
@pytest.mark.parametrize("alpha", [0.01, 0.2, 1.0])
def test_mixup_blends_images_as_it_blends_labels(alpha, augment):
    images, labels = make_batch(5)
    mixed, mixed_labels = augment(images, labels, SEED, change(OFF, mixup_alpha=alpha))
    np.testing.assert_allclose(mixed_labels.sum(axis=1), 1, rtol=1e-6)
    expected = np.einsum("ij,jabc->iabc", mixed_labels, images)
    np.testing.assert_allclose(mixed, expected, atol=1e-3)
    assert (mixed_labels >= 0).all()
    assert (np.diag(mixed_labels) == mixed_labels[0, 0]).all()


@pytest.mark.parametrize("alpha", [0.3, 1.0, 4.0])
def test_mixup_weights_have_the_variance_of_a_beta_distribution(alpha):
    images, labels = tf.zeros((2, 1, 1, 1)), tf.eye(2)
    weights = [mix_pairs(images, labels, [seed, 1], alpha)[1][0, 0].numpy() for seed in range(400)]
    assert np.mean(weights) == pytest.approx(0.5, abs=0.08)
    assert np.var(weights) == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.2)
