"""The networks by name: which layouts there are, and how many Attention Modules a name stands for.

Plain Python, so that parameters are checked without loading Keras.
"""

import re
from dataclasses import dataclass

from pipeline.errors import InputError
from pipeline.settings.sections import LayoutName


@dataclass(frozen=True)
class Layout:
    """Channels at width 1, first stage first. The stages halve the resolution from the second one on."""

    stem_kernel: int
    stem_channels: int
    stem_pooling: bool
    stage_channels: tuple[int, ...]
    mask_depths: tuple[int, ...]
    closing_unit: bool  # a second residual unit after the modules of each stage
    tail_channels: int
    tail_units: int
    tail_size: int  # resolution of the last feature maps, pixels
    modules: dict[str, tuple[int, ...]]  # of each stage, by network; empty where every attention-<36 m + 20> has m


SEED_MODULES = {"attention-mini": (1, 1), "attention-56": (1, 1, 1), "attention-92": (1, 2, 3)}
LAYOUTS: dict[str, Layout] = {
    # The paper does not publish its CIFAR channels; these fit the parameter counts of its table 6.
    "paper": Layout(3, 16, False, (64, 128, 256), (3, 2, 1), True, 0, 0, 8, {}),
    # The layout of the seed repository, github.com/Jay4869/Deep-Learning.
    "seed": Layout(5, 32, True, (128, 256, 512), (2, 1, 1), False, 1024, 3, 4, SEED_MODULES),
    # The same behind a stem with the first stage's channels, so that little is lost where it is pooled: docs/log.md.
    "wide-stem": Layout(3, 128, True, (128, 256, 512), (2, 1, 1), False, 1024, 3, 4, SEED_MODULES),
}


def modules_per_stage(network: str, layout: LayoutName) -> tuple[int, ...]:
    """How many Attention Modules each stage of a network has.

    By the paper, the depth is 36 m + 20 with m modules in each of three stages (section 4.1).

    Raises:
        InputError: the layout has no such network.
    """
    if listed := LAYOUTS[layout].modules:
        if network not in listed:
            raise InputError(f"the {layout} layout requires one of {', '.join(listed)}. Received: {network}")
        return listed[network]
    match = re.fullmatch(r"attention-([1-9]\d{1,3})", network)
    modules, rest = divmod(int(match[1]) - 20, 36) if match else (0, 1)
    if rest or modules < 1:
        raise InputError(
            f"the {layout} layout requires one of attention-<36 m + 20> for m = 1, 2, …: "
            f"attention-56, -92, -128, -164, …, -236, …, -452, …. Received: {network}"
        )
    return (modules,) * 3
