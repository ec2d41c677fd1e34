"""What both sides of a training benchmark share: the data, the settings, and what a round tells."""

import resource
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import psutil

from benchmarks.usage import to_gigabytes

BATCH_SIZE = 128
STEPS = 8  # of a round
CLASSES = 10
SGD = {"learning_rate": 0.01, "momentum": 0.9, "nesterov": True, "weight_decay": 2e-3}
MEAN = np.full((32, 32, 3), 120, np.float32)


def draw_split(images: int) -> tuple[np.ndarray, np.ndarray]:
    """Random images, uint8 (n, 32, 32, 3), and labels, int64 (n,)."""
    random = np.random.default_rng(0)
    return random.integers(0, 256, (images, 32, 32, 3), np.uint8), random.integers(0, CLASSES, images)


def describe_round(ends: list[float], batch_size: int = BATCH_SIZE) -> dict[str, float]:
    """A round of training from the times at which its steps ended, as `time.time` gives them.

    Returns:
        Images a second, seconds from the process' start to the round's first step (of use in the first round), and
        the process' peak memory in gigabytes.
    """
    return {
        "images_per_second": batch_size * (len(ends) - 1) / (ends[-1] - ends[0]),
        "seconds_to_first_step": ends[0] - psutil.Process().create_time(),
        "peak_gigabytes": to_gigabytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss),
    }


def read_for_a_while(batches: Iterator[Any]) -> dict[str, float]:
    """Read batches for two seconds, and tell how many images came in a second."""
    start, count = time.perf_counter(), 0
    while (seconds := time.perf_counter() - start) < 2:
        next(batches)
        count += BATCH_SIZE
    return {"images_per_second": count / seconds}
