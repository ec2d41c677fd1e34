"""A contender: the project's own augmented batches, as stage `train` reads them."""

import sys
from collections.abc import Callable, Iterator
from typing import Any, Literal

from benchmarks.processes import answer
from benchmarks.rounds import BATCH_SIZE, CLASSES, MEAN, draw_split, read_for_a_while
from pipeline.compute.backend import set_up_backend

IMAGES = 20_000
# Rotation by up to 20°, shift by up to a fifth of the width, zoom by up to a fifth, flip; what short runs use; nothing.
SETTINGS: dict[str, tuple[bool, int, float, float, Literal["mean", "nearest"], int, float]] = {
    "seed": (True, 6, 20.0, 0.2, "nearest", 0, 0.0),
    "flip and shift": (True, 4, 0.0, 0.0, "mean", 0, 0.0),
    "none": (False, 0, 0.0, 0.0, "mean", 0, 0.0),
}
THREADS = 2


def prepare_rounds(settings: str) -> Callable[[], dict[str, float]]:
    """Give what reads batches for a while, augmented by one of `SETTINGS`."""
    set_up_backend("tensorflow", "cpu", "float32", THREADS, 1)
    batches = build_input(IMAGES, BATCH_SIZE, settings)
    return lambda: read_for_a_while(batches)


def build_input(images: int, batch_size: int, settings: str) -> Iterator[Any]:
    """Batches without end of some random images, augmented by one of `SETTINGS`."""
    from pipeline.cifar.augmentation import Augmentation
    from pipeline.cifar.batches import Split, build_batches

    batches = build_batches(
        Split(*draw_split(images)),
        MEAN,
        classes=CLASSES,
        batch_size=batch_size,
        seed=0,
        epochs=range(1_000_000),
        augmentation=Augmentation(*SETTINGS[settings]),
        threads=THREADS,
    )
    return iter(batches)


if __name__ == "__main__":
    answer(prepare_rounds(*sys.argv[1:]))
