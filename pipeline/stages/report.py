"""Stage `report`: the results of the listed networks as pages with pictures, reports/report.md and report.html."""

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from pipeline.errors import InputError
from pipeline.evaluation import figures
from pipeline.evaluation.markdown import format_table, render_template
from pipeline.evaluation.page_pictures import IMAGE_ARRAYS, embed_learning, embed_masks, embed_responses
from pipeline.evaluation.pages import Picture, embed_figure, render_page
from pipeline.evaluation.significance import bound_error
from pipeline.evaluation.tables import (
    DETAILS,
    RESULTS,
    tabulate_class_errors,
    tabulate_duplicates,
    tabulate_networks,
    tabulate_published,
)
from pipeline.inputs import read_array, read_arrays, read_json, read_table
from pipeline.outputs import written_aside
from pipeline.settings.params import Params
from pipeline.settings.sections import Model
from pipeline.stages.command import run
from pipeline.stages.paths import MEAN, PREPARED

OUTPUT = Path("reports")
TEMPLATE = Path(__file__).with_name("report.md.j2")
PAGE_TEMPLATE = Path(__file__).with_name("report.html.j2")
# Classes are text, whatever their names look like.
PREDICTIONS = {"actual": str, "predicted": str, "probability": float}


class Kept(NamedTuple):
    """What a run keeps of its networks, by network, and the test images, uint8 (n, 32, 32, 3)."""

    results: dict[str, dict[str, Any]]
    histories: dict[str, pd.DataFrame]
    predictions: dict[str, pd.DataFrame]
    masks: dict[str, dict[str, np.ndarray]]
    images: np.ndarray


def report(params: Params) -> None:
    """Read what evaluate and train wrote for the listed networks, and write reports/."""
    statistics = read_json(PREPARED / "statistics.json", "dataset", "sha256", "classes", "images", "duplicates")
    kept = read_kept(params.networks, statistics["sha256"])
    values = collect_values(params, statistics, kept.results)
    with written_aside(OUTPUT) as folder:
        pictures = folder / "figures"
        pictures.mkdir(parents=True)
        figures.save_mean_image(read_array(MEAN), pictures / "mean.png")
        curves = figures.draw_learning_curves({params.model.learning: kept.histories})
        figures.save_figure(curves, pictures / "learning-curves.png")
        for network, table in kept.predictions.items():
            drawn = {
                "confusion": figures.draw_confusion(network, table, statistics["classes"]),
                "calibration": figures.draw_calibration(network, table),
                "mistakes": figures.draw_mistakes(network, table, kept.images),
            }
            for kind, figure in drawn.items():
                figures.save_figure(figure, pictures / f"{kind}-{network}.png")
        (folder / "report.md").write_text(render_template(TEMPLATE, **values))
        embedded = draw_pictures(params, statistics["classes"], kept)
        (folder / "report.html").write_text(render_page(PAGE_TEMPLATE, pictures=embedded, **values))
    print(f"{format_table(values['networks'])}\n{OUTPUT / 'report.md'}, {OUTPUT / 'report.html'}")


def read_kept(networks: list[str], dataset_sha256: str) -> Kept:
    """Read what is kept of networks.

    Raises:
        InputError: something is not there, or was measured on other data than the prepared ones.
    """
    options: dict[str, Any] = {"dtype": PREDICTIONS, "keep_default_na": False}
    return Kept(
        {network: load_results(network, dataset_sha256) for network in networks},
        {network: read_table(Path("history", f"{network}.csv")) for network in networks},
        {network: read_table(Path("predictions", f"{network}.csv"), **options) for network in networks},
        {network: read_arrays(Path("masks", f"{network}.npz"), *IMAGE_ARRAYS) for network in networks},
        read_array(PREPARED / "test-images.npy"),
    )


def load_results(network: str, dataset_sha256: str) -> dict[str, Any]:
    """The errors, what else is known of the model, and the training time of one network.

    Raises:
        InputError: they were measured on other data than the prepared ones.
    """
    keys = "dataset_sha256", "test_error_percent_per_class", "mean_absolute_response"
    details = read_json(Path("details", f"{network}.json"), *keys)
    if details["dataset_sha256"] != dataset_sha256:
        raise InputError(
            f"the report requires results on the data set with sha256 {dataset_sha256}. "
            f"Received: details/{network}.json on {details['dataset_sha256']}"
        )
    return read_json(Path("metrics", f"{network}.json")) | read_json(Path("timing", f"{network}.json")) | details


def collect_values(params: Params, statistics: dict[str, Any], results: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What the pages say in words and tables."""
    model = params.model
    compared = params.networks if params.compare_with_published else []
    return {
        "params": params,
        "statistics": statistics,
        "variant": name_variant(model),
        "results": results,
        "half_widths": {
            network: bound_error(result["test_error_percent"], statistics["images"]["test"])
            for network, result in results.items()
        },
        "networks": tabulate_networks(RESULTS, results),
        "published": tabulate_published(compared, statistics["dataset"], model.learning),
        "duplicates": tabulate_duplicates(statistics["duplicates"]),
        "details": tabulate_networks(DETAILS, results),
        "class_errors": tabulate_class_errors(results),
    }


def draw_pictures(params: Params, classes: list[str], kept: Kept) -> dict[str, Any]:
    """The pictures of the page: one by name, or one a network."""

    def draw_each(draw: Any, words: str, *arguments: Any) -> dict[str, Picture]:
        return {
            network: embed_figure(partial(draw, network, table, *arguments), f"{network}: {words}")
            for network, table in kept.predictions.items()
        }

    return {
        **embed_learning({params.model.learning: kept.histories}),
        "responses": embed_responses(
            {network: result["mean_absolute_response"] for network, result in kept.results.items()}
        ),
        "masks": [
            embed_masks(network, masks, kept.predictions[network]["actual"])
            for network, masks in kept.masks.items()
            if params.model.mask != "none"
        ],
        "calibration": draw_each(figures.draw_calibration, "how often it is right where it says how likely that is."),
        "confusion": draw_each(
            figures.draw_confusion, "which classes are taken for which, in % of each actual class.", classes
        ),
        "mistakes": draw_each(
            figures.draw_mistakes, "the wrongly classified test images that it is most certain of.", kept.images
        ),
    }


def name_variant(model: Model) -> str:
    """The learning with its formula, and what is not as in the paper's own network."""
    if model.mask == "none":
        return "No masks, the trunk T alone"
    words = [{"arl": "ARL, (1 + M)·T", "nal": "NAL, M·T"}[model.learning]]
    if model.attention != "mixed":
        words.append(f"{model.attention} attention")
    if model.mask != "hourglass":
        words.append(f"masks by {model.mask}")
    return "; ".join(words)


if __name__ == "__main__":
    run(report)
