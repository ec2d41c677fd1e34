"""Stage `report`: the results of the listed networks as a page with pictures, reports/report.md."""

from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.evaluation.figures import (
    draw_calibration,
    draw_confusion,
    draw_learning_curves,
    draw_mean_image,
    draw_mistakes,
)
from pipeline.evaluation.tables import (
    format_class_errors,
    format_details,
    format_duplicates,
    format_published,
    format_results,
)
from pipeline.inputs import read_array, read_json, read_table
from pipeline.outputs import written_aside
from pipeline.settings.params import Params
from pipeline.stages.command import run
from pipeline.stages.paths import MEAN, PREPARED

OUTPUT = Path("reports")
DETAILS = (
    "parameters",
    "test_loss",
    "test_calibration_error_percent",
    "test_error_percent_with_mirror_images",
    "test_error_percent_per_class",
)
PUBLISHED = """\
"Paper" is Wang et al. 2017 (arXiv 1704.06904). "Seed" is the repository Jay4869/Deep-Learning: its headline figures
are errors on the training images, and its validation images were trained on too: neither compares with a test error."""
ERRORS = ("train_error_percent", "validation_error_percent", "test_error_percent")
# Classes are text, whatever their names look like.
PREDICTIONS = {"actual": str, "predicted": str, "probability": float}


def report(params: Params) -> None:
    """Read what evaluate and train wrote for the listed networks, and write reports/."""
    statistics = read_json(PREPARED / "statistics.json", "dataset", "sha256", "classes", "images", "duplicates")
    results = {network: load_results(network, statistics["sha256"]) for network in params.networks}
    histories = {network: read_table(Path("history", f"{network}.csv")) for network in params.networks}
    test_images = read_array(PREPARED / "test-images.npy")
    with written_aside(OUTPUT) as folder:
        figures = folder / "figures"
        figures.mkdir(parents=True)
        draw_learning_curves({params.model.learning: histories}, figures / "learning-curves.png")
        draw_mean_image(read_array(MEAN), figures / "mean.png")
        for network in params.networks:
            predictions = read_table(Path("predictions", f"{network}.csv"), dtype=PREDICTIONS, keep_default_na=False)
            title = f"{network}: test images, % of each class"
            draw_confusion(predictions, statistics["classes"], title, figures / f"confusion-{network}.png")
            draw_calibration(predictions, f"{network}: calibration", figures / f"calibration-{network}.png")
            title = f"{network}: the most confident mistakes"
            draw_mistakes(test_images, predictions, title, figures / f"mistakes-{network}.png")
        (folder / "report.md").write_text(compose_report(params, statistics, results))
    print(format_results(results) + f"{OUTPUT / 'report.md'}")


def load_results(network: str, dataset_sha256: str) -> dict[str, Any]:
    """The errors, what else is known of the model, and the training time of one network.

    Raises:
        InputError: they were measured on other data than the prepared ones.
    """
    details = read_json(Path("details", f"{network}.json"), "dataset_sha256", *DETAILS)
    if details["dataset_sha256"] != dataset_sha256:
        raise InputError(
            f"the report requires results on the data set with sha256 {dataset_sha256}. "
            f"Received: details/{network}.json on {details['dataset_sha256']}"
        )
    return {
        **read_json(Path("metrics", f"{network}.json"), *ERRORS),
        "train_minutes": read_json(Path("timing", f"{network}.json"), "train_minutes")["train_minutes"],
        **details,
    }


def compose_report(params: Params, statistics: dict, results: dict[str, dict[str, Any]]) -> str:
    """The page, in Markdown."""
    dataset, images = statistics["dataset"], statistics["images"]
    learning = params.model.learning
    formula = {"arl": "(1 + M)·T", "nal": "M·T"}[learning]
    published = format_published(params.networks, dataset, learning)
    return f"""# Residual Attention Network on {dataset}

{learning.upper()}, {formula}; layout `{params.model.layout}`, width {params.model.width:g}; \
{params.train.epochs} epochs, seed {params.train.seed}, one run of each network (n = 1).

{images["train"]} training, {images["validation"]} validation and {images["test"]} test images; \
data set sha256 `{statistics["sha256"]}`.

{format_results(results)}
The errors are those of the last epoch's model, on images as they are, without augmentation; the learning curves'
training errors are of augmented images. Nothing was chosen by the test images.

## Published figures

{f"{published}{chr(10)}{PUBLISHED}" if published else f"There are none for these networks on {dataset}."}

## Learning curves

![Learning curves](figures/learning-curves.png)

## Images in two places

{format_duplicates(statistics["duplicates"])}
Compared by digests of all pixels, also with the mirror image. Each image of the data set is in one split only.

## What the models say of the test images

{format_details(results)}
{list_pictures("calibration", params.networks)}

## Errors of each class

{format_class_errors(results)}
{list_pictures("confusion", params.networks)}

## Most confident mistakes

{list_pictures("mistakes", params.networks)}

## Mean image

![Mean of the training split](figures/mean.png)

What is subtracted from every image: the mean of each pixel over the training split.
"""


def list_pictures(kind: str, networks: list[str]) -> str:
    """A picture of each network, in Markdown."""
    return "\n".join(f"![{kind.capitalize()}: {name}](figures/{kind}-{name}.png)" for name in networks)


if __name__ == "__main__":
    run(report)
