"""Training labels that are wrong on purpose, to measure how a network bears them."""

import numpy as np

from pipeline.errors import InputError

STREAM = 1 << 32  # of the split's seed; those below, one a class, choose its validation images


def draw_noisy_labels(labels: np.ndarray, classes: int, noise: float, seed: int) -> np.ndarray:
    """Labels each of which is right with probability r = 1 - noise, and otherwise any of the other classes alike.

    This is the confusion matrix of Wang et al. 2017 (arXiv 1704.06904, section 4.1), whose table 5 counts 1 - r. A
    label is a function of (seed, position, noise): what is wrong at some noise is wrong in the same way at more.

    Args:
        labels: of all training files, int64 (n,), from 0 to classes - 1.
        classes: how many there are.
        noise: from 0, which changes nothing, to below 1.
        seed: 0 or more.

    Returns:
        int64 (n,).

    Raises:
        InputError: there is noise, and no other class.
    """
    if not noise:
        return labels
    if classes < 2:
        raise InputError(f"preprocess.label_noise requires two classes or more. Received: {classes}")
    # Raw bits of a counter-based generator, as in `pipeline.cifar.splits`: two numbers a label.
    bits = np.asarray(np.random.Philox(key=[seed, STREAM]).random_raw(2 * len(labels))).reshape(-1, 2)
    wrong = (bits[:, 0] >> np.uint64(11)) * 2.0**-53 < noise
    steps = 1 + (bits[:, 1] % np.uint64(classes - 1)).astype(np.int64)
    return np.where(wrong, (labels + steps) % classes, labels)
