"""Which training images are held out for validation."""

import numpy as np

from pipeline.errors import InputError


def choose_validation_images(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Choose class-balanced validation images out of the training set.

    Within each class the images are put in an order drawn from `seed` and the class; the first ones are chosen.

    Args:
        labels: of the training set, int64 (n,), from 0.
        count: how many to choose; 0 is allowed. Classes differ by at most one image.
        seed: 0 or more.

    Returns:
        Their positions in the training set, ascending, int64 (count,).

    Raises:
        InputError: a class has no more images than would be chosen from it.
    """
    classes = int(labels.max()) + 1
    chosen = []
    for label in range(classes):
        positions = np.flatnonzero(labels == label)
        share = count // classes + (label < count % classes)
        if share and share >= len(positions):
            raise InputError(
                f"preprocess.validation_images requires fewer images of each class than there are: class {label} has "
                f"{len(positions)}. Received: {count}, {share} of that class"
            )
        # Raw bits of a counter-based generator: NumPy promises to keep them, unlike its permutations.
        order = np.argsort(np.random.Philox(key=[seed, label]).random_raw(len(positions)), kind="stable")
        chosen.append(positions[order[:share]])
    return np.sort(np.concatenate(chosen))
