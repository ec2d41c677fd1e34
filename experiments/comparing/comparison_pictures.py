"""The pictures of a page that compares runs."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from experiments.recorded_run import Run, list_networks
from experiments.seeds import Seeds, take_first
from pipeline.evaluation.figures import Histories
from pipeline.evaluation.page_pictures import embed_learning, embed_masks, embed_responses
from pipeline.evaluation.pages import Picture


def collect_histories(settings: Iterable[Seeds]) -> Histories:
    """The histories of each setting by network; of several seeds, their mean."""
    return {
        take_first(seeds).name if len(seeds) == 1 else f"{take_first(seeds).name}, mean of {len(seeds)} seeds": {
            network: average_histories(run.results[network].history for run in seeds.values())
            for network in take_first(seeds).results
        }
        for seeds in settings
    }


def average_histories(histories: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """The mean of several histories, epoch by epoch."""
    return pd.concat(histories).groupby("epoch", as_index=False).mean()


def draw_pictures(settings: Iterable[Seeds]) -> dict[str, Any]:
    """The pictures by name, of masks a list for each network; what is not at hand is not drawn.

    Masks and responses are those of each setting's first seed.
    """
    settings = list(settings)
    runs = [take_first(seeds) for seeds in settings]
    responses = {
        f"{network}, {run.name}": result.details["mean_absolute_response"]
        for run in runs
        for network, result in run.results.items()
        if "mean_absolute_response" in result.details
    }
    grids = [find_masks(network, runs) for network in list_networks(*runs)]
    drawn: dict[str, Any] = {
        **embed_learning(collect_histories(settings)),
        "masks": [found for found in grids if found],
    }
    return drawn | ({"responses": embed_responses(responses)} if responses else {})


def find_masks(network: str, runs: Iterable[Run]) -> list[Picture]:
    """The pictures of a network's masks by those runs that have some at hand; the trunk alone has none."""
    results = [(run, run.results[network]) for run in runs if network in run.results]
    return [
        embed_masks(f"{network}, {run.name}", result.masks, result.predictions["actual"])
        for run, result in results
        if result.masks and result.predictions is not None and run.params.model.mask != "none"
    ]
