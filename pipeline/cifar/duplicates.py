"""Which images are in a data set twice, by digests of their pixels."""

import hashlib
from itertools import combinations

import numpy as np


def count_duplicates(splits: dict[str, np.ndarray]) -> dict[str, int]:
    """Count the images that repeat others pixel for pixel, as they are or mirrored left to right.

    Args:
        splits: images by split, uint8 (n, 32, 32, 3).

    Returns:
        For each split, how many of its images repeat an earlier one of it; for each pair of splits, named
        `<first>-<second>`, how many different images are in both.
    """
    digests = {split: [hash_image(image) for image in images] for split, images in splits.items()}
    different = {split: set(found) for split, found in digests.items()}
    counts = {split: len(found) - len(different[split]) for split, found in digests.items()}
    return counts | {
        f"{first}-{second}": len(different[first] & different[second]) for first, second in combinations(splits, 2)
    }


def hash_image(image: np.ndarray) -> bytes:
    """A sha256 that an image, uint8 (32, 32, 3), has in common with its mirror image."""
    return min(hashlib.sha256(pixels.tobytes()).digest() for pixels in (image, image[:, ::-1]))
