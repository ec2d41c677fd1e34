import hashlib

import numpy as np
import pytest

from pipeline.cifar.synthetic import CLASSES, draw_images


def test_the_demo_is_pinned_to_the_byte(demo):
    """The recipe's sha256 is that of `sha256sum`'s lines for the six files."""
    settings = demo["download"]
    lines = []
    for stream in range(6):
        count = settings["train_images"] // 5 if stream < 5 else settings["test_images"]
        images, labels = draw_images(count, stream)
        content = b"".join(
            bytes([label]) + image.transpose(2, 0, 1).tobytes() for image, label in zip(images, labels, strict=True)
        )
        name = f"data_batch_{stream + 1}.bin" if stream < 5 else "test_batch.bin"
        lines.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
    assert hashlib.sha256("".join(lines).encode()).hexdigest() == settings["sha256"]


def test_streams_share_no_image():
    one, other = draw_images(50, 0)[0], draw_images(50, 1)[0]
    assert not {image.tobytes() for image in one} & {image.tobytes() for image in other}


def test_images_of_a_stream_differ():
    images, _ = draw_images(100, 0)
    assert len({image.tobytes() for image in images}) == 100


def test_classes_are_balanced():
    _, labels = draw_images(100, 0)
    assert np.bincount(labels).tolist() == [10] * len(CLASSES)


@pytest.mark.parametrize(("label", "solid"), [("disc", True), ("square", True), ("ring", False), ("frame", False)])
def test_solid_shapes_are_filled_and_hollow_ones_are_not(label, solid):
    """Near the center (12 to 19) a solid shape has one color; corners are background always."""
    images, labels = draw_images(400, 0)
    chosen = images[labels == CLASSES.index(label)].astype(float)
    center, corner = chosen[:, 15:17, 15:17].mean(axis=(1, 2)), chosen[:, :1, :1].mean(axis=(1, 2))
    differs = abs(center - corner).max(axis=1) > 2 * 32
    assert (differs.mean() > 0.5) == solid
