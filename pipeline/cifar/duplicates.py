"""Which images are in a data set twice, by digests of their pixels."""

import hashlib
from itertools import combinations

import numpy as np


def hash_images(images: np.ndarray) -> np.ndarray:
    """Digests that images have in common with their mirror images only.

    Args:
        images: uint8 (n, 32, 32, 3).

    Returns:
        bytes of length 32 (n,): the sha256 of the image or of its mirror image, whichever's pixels come first in order.
    """
    mirrored = np.ascontiguousarray(images[:, :, ::-1])
    firsts = (min(image.tobytes(), other.tobytes()) for image, other in zip(images, mirrored, strict=True))
    return np.array([hashlib.sha256(first).digest() for first in firsts], "S32")


def count_duplicates(digests: dict[str, np.ndarray]) -> dict[str, int]:
    """Count the images that repeat others pixel for pixel, as they are or mirrored left to right.

    Args:
        digests: of the images of each split, as `hash_images` gives them.

    Returns:
        For each split, how many of its images repeat an earlier one of it; for each pair of splits, named
        `<first>-<second>`, how many different images are in both.
    """
    different = {split: np.unique(found) for split, found in digests.items()}
    counts = {split: len(found) - len(different[split]) for split, found in digests.items()}
    return counts | {
        f"{first}-{second}": len(np.intersect1d(different[first], different[second], assume_unique=True))
        for first, second in combinations(digests, 2)
    }
