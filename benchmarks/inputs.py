"""Augmented batches of training images: ours against Keras' two ways."""

from benchmarks.measurement import Row, Section, Target
from benchmarks.operation_profile import profile_operations
from benchmarks.processes import Contender

REFERENCE = "benchmarks.references.keras_inputs"
NAME = "input, the seed repository's augmentation"
ROUNDS = 5
NEEDED = 35_000  # images/s, so that a GPU that trains 20,000 never waits


def measure() -> Section:
    """All four, one after another in each round."""
    with (
        Contender("benchmarks.our_input", "seed") as ours,
        Contender(REFERENCE, "generator") as generator,
        Contender(REFERENCE, "layers") as layers,
        Contender("benchmarks.our_input", "flip and shift") as short,
    ):
        contenders = ours, generator, layers, short
        for contender in contenders:
            contender.measure()
        rounds = [[contender.measure()["images_per_second"] for contender in contenders] for _ in range(ROUNDS)]
    rows = [
        Row(NAME, "images/s", against, [(speeds[0], speeds[place]) for speeds in rounds], Target("ratio", "≥", times))
        for place, against, times in ((1, "`ImageDataGenerator`", 10), (2, "Keras' layers in `tf.data`", 4))
    ] + [
        Row(name, "images/s", "a GPU's need", [(speeds[place], 0) for speeds in rounds], Target("ours", "≥", NEEDED))
        for place, name in ((0, f"{NAME}, on 2 cores"), (3, "input, flip and shift, on 2 cores"))
    ]
    return Section(rows, profile_operations(f"{NAME}, on 2 cores", "benchmarks.our_input", "seed"))
