import numpy as np
import pytest
from PIL import Image

from pipeline.errors import InputError
from pipeline.trained.images import list_files, read_images
from tests.refusals import accept_or_refuse

RED, GREEN = (255, 0, 0), (0, 255, 0)


def save(path, size, color=RED, mode="RGB", **options):
    Image.new("RGB", size, color).convert(mode).save(path, **options)
    return path


@pytest.mark.parametrize(
    ("name", "mode", "size"),
    [("a.png", "RGB", (32, 32)), ("a.jpg", "RGB", (1000, 40)), ("a.gif", "P", (5, 5)), ("a.tiff", "CMYK", (64, 70)),
     ("a.png", "L", (3, 400)), ("a.webp", "RGBA", (33, 31)), ("a.bmp", "1", (90, 90))],
)  # fmt: skip
def test_images_of_any_size_format_and_mode_become_32_pixels(name, mode, size, tmp_path):
    images = read_images(save(tmp_path / name, size, "white", mode))
    assert images.dtype == np.uint8
    assert images.shape == (1, 32, 32, 3)
    assert images.min() > 250


def test_an_image_of_the_right_size_keeps_its_pixels(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_images(tmp_path / "a.png")[0], pixels)


@pytest.mark.parametrize(("name", "byte_order"), [("a.png", "<"), ("a.tiff", "<"), ("a.tiff", ">")])
def test_sixteen_bits_are_scaled_to_eight(name, byte_order, tmp_path):
    values = np.random.default_rng(0).integers(0, 2**16, (32, 32), np.uint16)
    Image.fromarray(values.astype(f"{byte_order}u2")).save(tmp_path / name)
    expected = np.round(values.astype(float) * 255 / 65535)
    np.testing.assert_array_equal(read_images(tmp_path / name)[0], np.stack([expected] * 3, axis=2))


def test_the_square_in_the_middle_is_taken(tmp_path):
    image = Image.new("RGB", (96, 32), GREEN)
    image.paste(RED, (32, 0, 64, 32))
    image.save(tmp_path / "a.png")
    assert (read_images(tmp_path / "a.png")[0] == RED).all()


def test_a_photograph_is_turned_as_its_camera_was(tmp_path):
    image = Image.new("RGB", (32, 32), GREEN)
    image.paste(RED, (0, 0, 32, 16))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise: what is above comes to the right
    image.save(tmp_path / "a.png", exif=exif)
    pixels = read_images(tmp_path / "a.png")[0]
    assert (pixels[:, 16:] == RED).all()
    assert (pixels[:, :16] == GREEN).all()


def test_what_is_transparent_is_white(tmp_path):
    Image.new("RGBA", (32, 32), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert (read_images(tmp_path / "a.png") == 255).all()


def test_arrays_hold_one_image_or_several(tmp_path):
    pixels = np.arange(2 * 32 * 32 * 3, dtype=np.uint8).reshape(2, 32, 32, 3)
    for name, array in (("one", pixels[0]), ("two", pixels)):
        np.save(tmp_path / name, array)
    np.testing.assert_array_equal(read_images(tmp_path / "one.npy"), pixels[:1])
    np.testing.assert_array_equal(read_images(tmp_path / "two.npy"), pixels)


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        ("a.png", lambda path: path.write_bytes(b""), r"a\.png requires an image\. Received: cannot identify"),
        (
            "a.jpg",
            lambda path: path.write_bytes(save(path, (64, 64)).read_bytes()[:300]),
            "an image.*Truncated",
        ),
        ("a.txt", lambda path: path.write_text("none"), "requires an image"),
        ("a.tiff", lambda path: save(path, (32, 32), mode="F"), "requires an image.*the mode F, whose range"),
        ("a.npy", lambda path: path.write_text("none"), "requires a file with an array"),
        ("a.npy", lambda path: np.save(path, np.zeros((32, 32, 3))), r"requires uint8 \(n, 32, 32, 3\).*float64"),
        ("a.npy", lambda path: np.save(path, np.zeros((1, 3, 32, 32), np.uint8)), r"Received: uint8 \(1, 3, 32, 32\)"),
        ("a.npy", lambda path: np.save(path, np.zeros((0, 32, 32, 3), np.uint8)), r"Received: uint8 \(0, 32, 32, 3\)"),
    ],
)
def test_what_is_no_image_is_refused_in_one_line(name, write, message, tmp_path):
    write(tmp_path / name)
    with pytest.raises(InputError, match=message) as error:
        read_images(tmp_path / name)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["a.avif", "a.npy", "a.png"])
def test_a_damaged_byte_is_passed_over_or_refused(name, tmp_path):
    path = tmp_path / name
    np.save(path, np.zeros((32, 32, 3), np.uint8)) if path.suffix == ".npy" else save(path, (16, 16))
    content = path.read_bytes()
    refused = 0
    for place in range(min(len(content), 320)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        images, message = accept_or_refuse(read_images, path)
        assert message or images.shape == (1, 32, 32, 3)
        refused += bool(message)
    assert refused


def test_a_folder_gives_the_files_in_and_below_it_by_name_but_hidden_ones(tmp_path):
    for folder in ("cats", "dogs", ".thumbnails", "empty"):
        (tmp_path / folder).mkdir()
    for name in ("dogs/b.png", "dogs/.c.png", ".thumbnails/a.png", "cats/d.png", "b.png", "a.png", ".c.png"):
        (tmp_path / name).touch()
    found = [str(path.relative_to(tmp_path)) for path in list_files(tmp_path)]
    assert found == ["a.png", "b.png", "cats/d.png", "dogs/b.png"]
    assert list_files(tmp_path / "a.png") == [tmp_path / "a.png"]
    with pytest.raises(InputError, match=r"e requires an image\. Received: .*No such file"):
        read_images(tmp_path / "e")
