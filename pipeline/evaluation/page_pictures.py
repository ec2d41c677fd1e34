"""The pictures that the page of a run and the page that compares two runs have in common."""

from functools import partial
from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from pipeline.evaluation.attention_figures import draw_mask_grid, draw_responses
from pipeline.evaluation.figures import LINES, Histories, draw_learning_curves, draw_optimization
from pipeline.evaluation.pages import Picture, embed_figure

IMAGE_ARRAYS = ("numbers", "pixels")  # of masks/<network>.npz; the others are masks


def embed_learning(runs: Histories) -> dict[str, Picture]:
    """The pictures `curves` and `optimization` of one or more runs."""
    lines = f" {', '.join(f'{run} {line}' for run, line in zip(runs, cycle(LINES)))}." if len(runs) > 1 else ""
    return {
        "curves": embed_figure(
            partial(draw_learning_curves, runs),
            f"Error over epochs; training's is of augmented images, as they were trained on.{lines}",
        ),
        "optimization": embed_figure(partial(draw_optimization, runs), f"Loss and learning rate over epochs.{lines}"),
    }


def embed_responses(responses: dict[str, dict[str, float]]) -> Picture:
    """What `draw_responses` draws."""
    words = "Mean absolute response of each stage's output on the test images, as in the paper's figure 4."
    return embed_figure(partial(draw_responses, responses), words)


def embed_masks(label: str, kept: dict[str, np.ndarray], actual: pd.Series) -> Picture:
    """The masks of a network over the images that are kept with them.

    Args:
        label: names the network, and the run where there are several.
        kept: the arrays of masks/<network>.npz.
        actual: the classes of all test images.
    """
    return embed_figure(partial(draw_kept_masks, kept, actual), f"{label}: images, and the masks of its modules.")


def draw_kept_masks(kept: dict[str, np.ndarray], actual: pd.Series) -> Figure:
    """What `draw_mask_grid` draws; the arguments are those of `embed_masks`."""
    masks = {module: values for module, values in kept.items() if module not in IMAGE_ARRAYS}
    return draw_mask_grid(kept["pixels"], actual[kept["numbers"]].tolist(), masks)
