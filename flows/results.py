"""results/README.md: the page of all published runs, in Markdown."""

from pathlib import Path

from flows.page import format_evidence
from flows.published import Published
from flows.runs import Run
from flows.summary import format_summary
from pipeline.evaluation.tables import format_percent, format_table
from pipeline.params import Params


def compose_results(published: list[Published], recipes: dict[str, Params]) -> str:
    """results/README.md."""
    parts = [compose_recipe(recipe, published) for recipe in dict.fromkeys(item.evidence.recipe for item in published)]
    return f"""# Published runs

{format_summary(published, recipes)}
Each folder here has one run's parameters, metrics, details, histories, test predictions, timing, machine, report, the
digests of all its outputs (`dvc.lock`) and its evidence. Two of them are compared, without training anything, by

    python -m flows.compare results/cifar10-cpu-arl results/cifar10-cpu-nal

This page and the folders are written by `python -m flows.publish <experiment> …`.

{"".join(parts)}{compose_best(published)}"""


def compose_recipe(recipe: str, published: list[Published]) -> str:
    """What was run of a recipe."""
    chosen = [item for item in published if item.evidence.recipe == recipe]
    columns = (
        "Run",
        "Network",
        "Train, %",
        "Validation, %",
        "Test, %",
        "Test with mirror images, %",
        "Minutes",
        "Images/s",
        "Parameters",
    )
    rows = [
        (
            f"[{folder_of(item.run)}]({folder_of(item.run)}/reports/report.md)",
            network,
            *(format_percent(result.metrics[f"{split}_error_percent"]) for split in ("train", "validation", "test")),
            format_percent(result.details["test_error_percent_with_mirror_images"]),
            f"{result.timing['train_minutes']:.1f}",
            f"{result.timing['images_per_second']:.0f}",
            f"{result.details['parameters']:,}",
        )
        for item in chosen
        for network, result in item.run.results.items()
    ]
    evidence = "".join(f"{format_evidence(item.run)}  `{item.evidence.command}`\n" for item in chosen)
    return f"""## {recipe}

{format_table(columns, rows)}
![Learning curves](figures/{recipe}.png)

{evidence}
"""


def compose_best(published: list[Published]) -> str:
    """The network with the lowest validation error, in pictures; empty where nothing is published."""
    candidates = [
        (result.metrics["validation_error_percent"], item.run, network)
        for item in published
        for network, result in item.run.results.items()
        if result.metrics["validation_error_percent"] is not None
    ]
    if not candidates:
        return ""
    error, run, network = min(candidates, key=lambda candidate: candidate[0])
    figures = f"{folder_of(run)}/reports/figures"
    details = run.results[network].details
    classes = details["test_error_percent_per_class"].items()
    return f"""## The best model

By validation error, {format_percent(error)} %: {network} of {folder_of(run)}. Its calibration error on the \
test images is {format_percent(details["test_calibration_error_percent"])} %.

{format_table(("Class", "Test error, %"), [(name, format_percent(value)) for name, value in classes])}
![Calibration]({figures}/calibration-{network}.png)
![Most confident mistakes]({figures}/mistakes-{network}.png)
![Confusion matrix]({figures}/confusion-{network}.png)
"""


def folder_of(run: Run) -> str:
    """The name of a published run's folder in results/."""
    return Path(run.name).name
