"""A contender: the project's own augmented batches, as stage `train` reads them."""

import sys
from collections.abc import Callable

from benchmarks.measurement import answer
from benchmarks.rounds import BATCH_SIZE, CLASSES, MEAN, draw_split, read_for_a_while
from pipeline.training.backend import set_up_backend

IMAGES = 20_000
# Rotation by up to 20°, shift by up to a fifth of the width, zoom by up to a fifth, flip; or what short runs use.
SETTINGS = {"seed": (True, 6, 20.0, 0.2, "nearest", 0, 0.0), "flip and shift": (True, 4, 0.0, 0.0, "mean", 0, 0.0)}


def prepare_rounds(settings: str) -> Callable[[], dict[str, float]]:
    """Give what reads batches for a while, augmented by one of `SETTINGS`."""
    set_up_backend("tensorflow", "cpu", "float32", 2)
    from pipeline.cifar.augmentation import Augmentation
    from pipeline.cifar.batches import Split, build_batches

    batches = build_batches(
        Split(*draw_split(IMAGES)),
        MEAN,
        classes=CLASSES,
        batch_size=BATCH_SIZE,
        seed=0,
        epochs=range(1_000_000),
        augmentation=Augmentation(*SETTINGS[settings]),  # type: ignore[arg-type]
        threads=2,
    )
    iterator = iter(batches)
    return lambda: read_for_a_while(iterator)


if __name__ == "__main__":
    answer(prepare_rounds(*sys.argv[1:]))
