"""The pages that show all published runs, in Markdown: results/README.md, and a part of README.md."""

from collections.abc import Iterable
from pathlib import Path
from statistics import mean, stdev

from flows.page import find_correct, find_test_error, format_evidence
from flows.published import Published
from flows.runs import Run
from pipeline.evaluation.published import PAPER, SEED
from pipeline.evaluation.significance import compare_predictions
from pipeline.evaluation.tables import format_change, format_percent, format_table
from pipeline.params import Params

NOT_RUN = "not yet run"
SUMMARY_COLUMNS = (
    "Recipe",
    "Network",
    *("ARL", "NAL", "Change", "p", "Training seeds"),
    *("Paper: ARL", "Paper: NAL"),
    *("Seed, training: ARL", "Seed, training: NAL"),
)
NOTES = """\
Test errors in percent, of the last epoch's model, on images as they are; recipes were chosen by validation errors.
Change: from ARL to NAL, in points. p: McNemar's exact test of the two models of the first seed. Several seeds: mean ±
standard deviation. "Paper": test errors, Wang et al. 2017 (arXiv 1704.06904), of much longer trainings. "Seed,
training": training errors, github.com/Jay4869/Deep-Learning, which do not compare with test errors."""


def format_summary(published: list[Published], recipes: dict[str, Params]) -> str:
    """A row for each network of each recipe, run or not: ARL, NAL, and the published figures."""
    rows = [
        format_row(recipe, network, params.download.dataset, find_runs(published, recipe, network))
        for recipe, params in recipes.items()
        for network in params.networks
    ]
    return f"{format_table(SUMMARY_COLUMNS, rows)}\n{NOTES}\n"


def find_runs(published: Iterable[Published], recipe: str, network: str) -> dict[str, list[Run]]:
    """The runs of a network by a recipe without overrides, by learning and in order of their seeds."""
    runs = [
        item.run
        for item in published
        if item.evidence.recipe == recipe and not item.evidence.overrides and network in item.run.results
    ]
    runs.sort(key=lambda run: run.params.train.seed)
    return {learning: [run for run in runs if run.params.model.learning == learning] for learning in ("arl", "nal")}


def format_row(recipe: str, network: str, dataset: str, runs: dict[str, list[Run]]) -> tuple[str, ...]:
    """One row of the summary."""
    errors = {learning: [find_test_error(run, network) or 0.0 for run in runs[learning]] for learning in runs}
    means = [mean(errors[learning]) if errors[learning] else None for learning in ("arl", "nal")]
    p_value = "–"
    if runs["arl"] and runs["nal"] and (correct := find_correct(runs["arl"][0], runs["nal"][0], network)):
        p_value = f"{compare_predictions(*correct).p_value:.2g}"
    seeds = dict.fromkeys(
        f"{', '.join(str(run.params.train.seed) for run in chosen)} (n = {len(chosen)})"
        for chosen in runs.values()
        if chosen
    )
    paper, seed = PAPER[dataset].get(network, {}), SEED[dataset].get(network)
    return (
        recipe,
        network,
        *(format_errors(errors[learning]) for learning in ("arl", "nal")),
        format_change((means[0], means[1])),
        p_value,
        "; ".join(seeds) or "–",
        *(format_percent(paper.get(learning)) for learning in ("arl", "nal")),
        *(format_percent(getattr(seed, learning, None)) for learning in ("arl", "nal")),
    )


def format_errors(errors: list[float]) -> str:
    """The errors of several seeds, in percent."""
    if not errors:
        return NOT_RUN
    deviation = f" ± {stdev(errors):.2f}" if len(errors) > 1 else ""
    return f"{mean(errors):.2f}{deviation}"


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
        "Parameters",
    )
    rows = [
        (
            f"[{folder_of(item.run)}]({folder_of(item.run)}/reports/report.md)",
            network,
            *(format_percent(result.metrics[f"{split}_error_percent"]) for split in ("train", "validation", "test")),
            format_percent(result.details["test_error_percent_with_mirror_images"]),
            f"{result.timing['train_minutes']:.1f}",
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
