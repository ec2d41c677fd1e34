"""The pictures of a page that compares two runs."""

from typing import Any

import pandas as pd

from experiments.recorded_run import Run, list_networks
from pipeline.evaluation.page_pictures import embed_learning, embed_masks, embed_responses
from pipeline.evaluation.pages import Picture


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
    grids = [find_masks(network, first, second) for network in list_networks(first, second)]
    drawn: dict[str, Any] = {**embed_learning(histories), "masks": [found for found in grids if found]}
    return drawn | ({"responses": embed_responses(responses)} if responses else {})


def find_masks(network: str, *runs: Run) -> list[Picture]:
    """The pictures of a network's masks by those runs that have some at hand; the trunk alone has none."""
    results = [(run, run.results[network]) for run in runs if network in run.results]
    return [
        embed_masks(f"{network}, {run.name}", result.masks, result.predictions["actual"])
        for run, result in results
        if result.masks and result.predictions is not None and run.params.model.mask != "none"
    ]
