"""The pictures of a page that compares two runs."""

from functools import partial
from typing import Any

import pandas as pd

from experiments.recorded_run import Run, list_networks
from pipeline.evaluation.attention_figures import PICTURED, draw_mask_grid, draw_responses
from pipeline.evaluation.figures import draw_learning_curves, draw_optimization
from pipeline.evaluation.pages import Picture, embed_figure


def collect_histories(run: Run) -> dict[str, pd.DataFrame]:
    """A run's histories by network."""
    return {network: result.history for network, result in run.results.items()}


def draw_pictures(first: Run, second: Run) -> dict[str, Any]:
    """The pictures by name, of masks a list for each network; what is not at hand is not drawn."""
    histories = {run.name: collect_histories(run) for run in (first, second)}
    responses = {
        f"{network}, {run.name}": result.details["mean_absolute_response"]
        for run in (first, second)
        for network, result in run.results.items()
        if "mean_absolute_response" in result.details
    }
    grids = [[embed_masks(run, network) for run in (first, second)] for network in list_networks(first, second)]
    drawn = {
        "curves": embed_figure(
            partial(draw_learning_curves, histories),
            f"Error over epochs: {first.name} solid, {second.name} dashed.",
        ),
        "optimization": embed_figure(
            partial(draw_optimization, histories), f"Loss and learning rate: {first.name} solid, {second.name} dashed."
        ),
        "masks": [found for pair in grids if (found := [grid for grid in pair if grid])],
    }
    if responses:
        words = "Mean absolute response of each stage's output on the test images, as in the paper's figure 4."
        drawn["responses"] = embed_figure(partial(draw_responses, responses), words)
    return drawn


def embed_masks(run: Run, network: str) -> Picture | None:
    """The masks of a run's network over the images that are kept with them; None where there are none at hand."""
    result = run.results.get(network)
    if result is None or result.masks is None or result.predictions is None:
        return None
    modules = {name: values for name, values in result.masks.items() if name not in PICTURED}
    if not modules:  # the trunk alone
        return None
    labels = result.predictions["actual"][result.masks["numbers"]].tolist()
    draw = partial(draw_mask_grid, result.masks["pixels"], labels, modules)
    return embed_figure(draw, f"{network}, {run.name}: images, and the masks of its modules.")
