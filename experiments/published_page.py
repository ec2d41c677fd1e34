"""results/README.md: the page of all published runs, in Markdown."""

import math
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from experiments.comparison_page import PAIRED_NOTE, format_evidence, format_paired_tests
from experiments.publication import Published
from experiments.published_table import format_summary
from experiments.recorded_run import Run
from pipeline.evaluation.metrics import CALIBRATION_BINS
from pipeline.evaluation.tables import format_percent, format_table
from pipeline.settings.params import Params

COLUMNS = (
    "Run",
    "Network",
    *("Train, %", "Validation, %", "Test, %", "± (95 %)", "Test with mirror images, %"),
    *("Minutes", "Images/s", "Parameters"),
)
COLUMN_NOTES = f"""\
Train, validation and test: errors of the last epoch's model, on unaugmented images; the curves' training errors are of
augmented images, as they were trained on. ±: 1.96 standard deviations of the test error, from the number of test images
alone. With mirror images: by the mean of what the model says of an image and of its mirror image; shown, never used.
Minutes: of training and of validating after each epoch, wall clock, with whatever else the machine did. Images/s: of
training alone, the median of the epochs. Parameters: trainable. Curves: of the first run of each network and learning.

{PAIRED_NOTE}"""


def compose_results(published: list[Published], recipes: dict[str, Params]) -> str:
    """results/README.md."""
    parts = [
        compose_recipe(recipe, params, [item for item in published if item.evidence.recipe == recipe])
        for recipe, params in recipes.items()
    ]
    datasets = dict.fromkeys(item.run.dataset[0] for item in published)
    best = [compose_best(dataset, [run for run, _ in published if run.dataset[0] == dataset]) for dataset in datasets]
    return f"""# Published runs

{format_summary(published, recipes)}
Each folder here has one run's parameters, metrics, details, histories, test predictions, timing, machine, report, the
digests of all its outputs (`dvc.lock`, which keeps the stages of its commit's own networks too) and its evidence. Two
of them are compared, without training anything, by

    python -m flows.compare results/A results/B

This page and the folders are written by `python -m flows.publish <experiment> …`. The command beside a run's evidence
makes it again, with a server and a worker: [Runs by Prefect](../README.md#runs-by-prefect). What may make a difference
to its bytes (libraries, kind of CPU) is in its `machine/`. Weights are not published, nor the probabilities of classes
other than the predicted one: errors of training and validation images and with mirror images, and the losses, need the
run again.

{COLUMN_NOTES}

{"".join(parts)}{"".join(best)}"""


def compose_recipe(recipe: str, params: Params, published: list[Published]) -> str:
    """What was run of a recipe; empty where nothing was."""
    if not published:
        return ""
    rows = [format_network(item.run, network) for item in published for network in item.run.results]
    evidence = "".join(f"{format_evidence(item.run)}  `{item.evidence.command}`\n" for item in published)
    return f"""## {recipe}

Layout `{params.model.layout}`, width {params.model.width:g}; {params.train.epochs} epochs with batches of \
{params.train.batch_size}; label smoothing {params.train.label_smoothing:g}; {params.compute.precision}; \
{params.preprocess.validation_images:,} validation images.

{format_table(COLUMNS, rows)}
{"".join(compose_pairs(published))}![Learning curves](figures/{recipe}.png)

{evidence}
"""


def format_network(run: Run, network: str) -> tuple[str, ...]:
    """The row of a published network."""
    result, folder = run.results[network], folder_of(run)
    error, predictions = result.metrics["test_error_percent"], result.predictions
    return (
        f"[{folder}]({folder}/reports/report.md)",
        network,
        *(format_percent(result.metrics[f"{split}_error_percent"]) for split in ("train", "validation")),
        format_percent(error),
        format_percent(None if predictions is None else 1.96 * math.sqrt(error * (100 - error) / len(predictions))),
        format_percent(result.details["test_error_percent_with_mirror_images"]),
        f"{result.timing['train_minutes']:.1f}",
        f"{result.timing['images_per_second']:.0f}",
        f"{result.details['parameters']:,}",
    )


def compose_pairs(published: list[Published]) -> Iterator[str]:
    """McNemar's tests of the runs of one seed with ARL and with NAL."""
    arl, nal = ([run for run, _ in published if run.params.model.learning == learning] for learning in ("arl", "nal"))
    for first, second in product(arl, nal):
        networks = [network for network in first.results if network in second.results]
        if networks and first.params.train.seed == second.params.train.seed:
            yield f"{format_paired_tests(first, second, networks)}\n"


def compose_best(dataset: str, runs: list[Run]) -> str:
    """The network with the lowest validation error on a data set, in pictures; empty where none has one."""
    candidates = [
        (result.metrics["validation_error_percent"], run, network)
        for run in runs
        for network, result in run.results.items()
        if result.metrics["validation_error_percent"] is not None
    ]
    if not candidates:
        return ""
    error, run, network = min(candidates, key=lambda candidate: candidate[0])
    figures = f"{folder_of(run)}/reports/figures"
    details = run.results[network].details
    classes = details["test_error_percent_per_class"].items()
    return f"""## The best model on {dataset}

By validation error, {format_percent(error)} %: {network} of {folder_of(run)}. Its expected \
calibration error on the test images, in {CALIBRATION_BINS} bins, is \
{format_percent(details["test_calibration_error_percent"])} %; it was trained with label smoothing \
{run.params.train.label_smoothing:g}.

{format_table(("Class", "Test error, %"), [(name, format_percent(value)) for name, value in classes])}
![Calibration]({figures}/calibration-{network}.png)
![Most confident mistakes]({figures}/mistakes-{network}.png)
![Confusion matrix]({figures}/confusion-{network}.png)

"""


def folder_of(run: Run) -> str:
    """The name of a published run's folder in results/."""
    return Path(run.name).name
