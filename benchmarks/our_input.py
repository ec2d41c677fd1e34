"""A contender: the project's own augmented batches, as stage `train` reads them."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.processes import answer
from benchmarks.rounds import BATCH_SIZE, CLASSES, MEAN, draw_split, read_for_a_while
from pipeline.compute.backend import set_up_backend
from pipeline.settings.sections import Augment

IMAGES = 20_000
# Rotation by up to 20°, shift by up to a fifth of the width, zoom by up to a fifth, flip; what short runs use; nothing.
NONE = Augment(
    horizontal_flip=False,
    shift_pixels=0,
    rotation_degrees=0.0,
    zoom_fraction=0.0,
    fill="mean",
    cutout_pixels=0,
    mixup_alpha=0.0,
)
FLIP_AND_SHIFT = {"horizontal_flip": True, "shift_pixels": 4}
SEED = {"horizontal_flip": True, "shift_pixels": 6, "rotation_degrees": 20.0, "zoom_fraction": 0.2, "fill": "nearest"}
SETTINGS = {
    name: NONE.model_copy(update=changes)
    for name, changes in (("seed", SEED), ("flip and shift", FLIP_AND_SHIFT), ("none", {}))
}
THREADS = 2


def prepare_rounds(settings: str) -> Callable[[], dict[str, float]]:
    """Give what reads batches for a while, augmented by one of `SETTINGS`."""
    set_up_backend("tensorflow", "cpu", "float32", THREADS, 1)
    batches = build_input(IMAGES, BATCH_SIZE, settings)
    return lambda: read_for_a_while(batches)


def build_input(images: int, batch_size: int, settings: str) -> Iterator[Any]:
    """Batches without end of some random images, augmented by one of `SETTINGS`."""
    from pipeline.cifar.batches import Split, build_batches

    batches = build_batches(
        Split(*draw_split(images)),
        MEAN,
        classes=CLASSES,
        batch_size=batch_size,
        seed=0,
        epochs=range(1_000_000),
        augment=SETTINGS[settings],
        threads=THREADS,
    )
    return iter(batches)


if __name__ == "__main__":
    answer(prepare_rounds(*sys.argv[1:]))
