"""Images of users as the networks take them: 32 by 32 pixels, red, green and blue."""

from pathlib import Path
from tokenize import TokenError

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.Image import DecompressionBombError

from pipeline.errors import InputError
from pipeline.inputs import read_array

SIZE = 32
ARRAYS = ".npy"


def list_files(path: Path) -> list[Path]:
    """The files of a folder and of the folders in it, in their order, without hidden ones; of anything else, itself."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.rglob("*") if file.is_file() and not is_hidden(file.relative_to(path)))


def is_hidden(path: Path) -> bool:
    """Whether a file, or a folder above it, has a name that begins with a dot."""
    return any(part.startswith(".") for part in path.parts)


def read_images(path: Path) -> np.ndarray:
    """The image in a file of any size and format that Pillow reads, or the images of an array in an `.npy` file.

    The largest square in the middle is taken, the right way up, and made smaller or larger; what is transparent is
    shown on white.

    Returns:
        uint8 (n, 32, 32, 3).

    Raises:
        InputError: there is no such file, or it holds no image, or an array of another kind.
    """
    if path.suffix == ARRAYS:
        try:
            array = np.asarray(read_array(path))
        except TokenError as error:  # of a damaged header, which NumPy reads as Python
            raise InputError(f"{path} requires a file with an array. Received: {error}") from error
        images = array[None] if array.ndim == 3 else array
        if images.dtype != np.uint8 or images.shape != (len(images) or 1, SIZE, SIZE, 3):
            raise InputError(f"{path} requires uint8 (n, 32, 32, 3). Received: {array.dtype} {array.shape}")
        return images
    try:
        with Image.open(path) as file:
            upright = _convert(ImageOps.exif_transpose(file))
    # A RuntimeError: a damaged AVIF.
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, RuntimeError, DecompressionBombError) as error:
        raise InputError(f"{path} requires an image. Received: {' '.join(str(error).split())}") from error
    white = Image.new("RGBA", upright.size, "white")
    image = Image.alpha_composite(white, upright).convert("RGB")
    return np.asarray(ImageOps.fit(image, (SIZE, SIZE), Image.Resampling.LANCZOS))[None]


def _convert(image: Image.Image) -> Image.Image:
    """An image of any mode as red, green, blue and opacity, a byte each.

    Raises:
        ValueError: its values are integers or fractions of a range that the file does not tell.
    """
    if image.mode.startswith("I;16"):  # which Pillow would clip to a byte
        values = np.asarray(image).astype(np.uint32)
        image = Image.fromarray(((values + 128) // 257).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise ValueError(f"the mode {image.mode}, whose range is not known")
    return image.convert("RGBA")
