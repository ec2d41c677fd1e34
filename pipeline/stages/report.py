"""Stage `report`: the results of the listed networks as a page with pictures, reports/report.md."""

from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.evaluation.figures import (
    draw_calibration,
    draw_confusion,
    draw_learning_curves,
    draw_mistakes,
    save_figure,
    save_mean_image,
)
from pipeline.evaluation.markdown import render_template
from pipeline.evaluation.tables import (
    DETAILS,
    RESULTS,
    format_class_errors,
    format_duplicates,
    format_networks,
    format_published,
)
from pipeline.inputs import read_array, read_json, read_table
from pipeline.outputs import written_aside
from pipeline.settings.params import Params
from pipeline.settings.sections import Model
from pipeline.stages.command import run
from pipeline.stages.paths import MEAN, PREPARED

OUTPUT = Path("reports")
TEMPLATE = Path(__file__).with_name("report.md.j2")
# Classes are text, whatever their names look like.
PREDICTIONS = {"actual": str, "predicted": str, "probability": float}


def report(params: Params) -> None:
    """Read what evaluate and train wrote for the listed networks, and write reports/."""
    statistics = read_json(PREPARED / "statistics.json", "dataset", "sha256", "classes", "images", "duplicates")
    results = {network: load_results(network, statistics["sha256"]) for network in params.networks}
    histories = {network: read_table(Path("history", f"{network}.csv")) for network in params.networks}
    images = read_array(PREPARED / "test-images.npy")
    with written_aside(OUTPUT) as folder:
        figures = folder / "figures"
        figures.mkdir(parents=True)
        save_mean_image(read_array(MEAN), figures / "mean.png")
        save_figure(draw_learning_curves({params.model.learning: histories}), figures / "learning-curves.png")
        for network in params.networks:
            predictions = read_table(Path("predictions", f"{network}.csv"), dtype=PREDICTIONS, keep_default_na=False)
            confusion = draw_confusion(network, predictions, statistics["classes"])
            save_figure(confusion, figures / f"confusion-{network}.png")
            save_figure(draw_calibration(network, predictions), figures / f"calibration-{network}.png")
            save_figure(draw_mistakes(network, predictions, images), figures / f"mistakes-{network}.png")
        (folder / "report.md").write_text(compose_report(params, statistics, results))
    print(f"{format_networks(RESULTS, results)}\n{OUTPUT / 'report.md'}")


def load_results(network: str, dataset_sha256: str) -> dict[str, Any]:
    """The errors, what else is known of the model, and the training time of one network.

    Raises:
        InputError: they were measured on other data than the prepared ones.
    """
    details = read_json(Path("details", f"{network}.json"), "dataset_sha256", "test_error_percent_per_class")
    if details["dataset_sha256"] != dataset_sha256:
        raise InputError(
            f"the report requires results on the data set with sha256 {dataset_sha256}. "
            f"Received: details/{network}.json on {details['dataset_sha256']}"
        )
    return read_json(Path("metrics", f"{network}.json")) | read_json(Path("timing", f"{network}.json")) | details


def compose_report(params: Params, statistics: dict[str, Any], results: dict[str, dict[str, Any]]) -> str:
    """The page, in Markdown."""
    model = params.model
    comparable = (model.attention, model.mask) == ("mixed", "hourglass") and "wrong_train_labels" not in statistics
    return render_template(
        TEMPLATE,
        params=params,
        statistics=statistics,
        variant=name_variant(model),
        results=format_networks(RESULTS, results),
        published=format_published(params.networks, statistics["dataset"], model.learning) if comparable else "",
        duplicates=format_duplicates(statistics["duplicates"]),
        details=format_networks(DETAILS, results),
        class_errors=format_class_errors(results),
    )


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
