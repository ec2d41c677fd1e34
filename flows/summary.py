"""The table of all published runs beside the published figures, in Markdown."""

from collections.abc import Iterable
from itertools import product
from statistics import mean, stdev

from flows.page import find_correct, find_test_error
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
Change: from ARL to NAL, in points. p: McNemar's exact test of two models of the same seed. Several seeds: mean ±
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
    """The runs of a network by a recipe without overrides, one a seed, by learning and in order of their seeds."""
    runs: dict[str, dict[int, Run]] = {"arl": {}, "nal": {}}
    for run, evidence in published:
        if evidence.recipe == recipe and not evidence.overrides and network in run.results:
            runs[run.params.model.learning][run.params.train.seed] = run
    return {learning: [found[seed] for seed in sorted(found)] for learning, found in runs.items()}


def format_row(recipe: str, network: str, dataset: str, runs: dict[str, list[Run]]) -> tuple[str, ...]:
    """One row of the summary."""
    arl, nal = (list_test_errors(runs[learning], network) for learning in ("arl", "nal"))
    seeds = dict.fromkeys(describe_seeds(chosen) for chosen in runs.values() if chosen)
    paper, seed = PAPER[dataset].get(network, {}), SEED[dataset].get(network)
    return (
        recipe,
        network,
        format_errors(arl),
        format_errors(nal),
        format_change((mean(arl) if arl else None, mean(nal) if nal else None)),
        format_p_value(runs, network),
        "; ".join(seeds) or "–",
        *(format_percent(paper.get(learning)) for learning in ("arl", "nal")),
        *(format_percent(getattr(seed, learning, None)) for learning in ("arl", "nal")),
    )


def list_test_errors(runs: Iterable[Run], network: str) -> list[float]:
    """A network's test errors in percent, of the runs that have it."""
    return [error for run in runs if (error := find_test_error(run, network)) is not None]


def describe_seeds(runs: list[Run]) -> str:
    """The training seeds, and how many they are."""
    return f"{', '.join(str(run.params.train.seed) for run in runs)} (n = {len(runs)})"


def format_p_value(runs: dict[str, list[Run]], network: str) -> str:
    """McNemar's test of the first seed that both learnings have."""
    for arl, nal in product(runs["arl"], runs["nal"]):
        if arl.params.train.seed == nal.params.train.seed and (correct := find_correct(arl, nal, network)):
            return f"{compare_predictions(*correct).p_value:.2g}"
    return "–"


def format_errors(errors: list[float]) -> str:
    """The errors of several seeds, in percent."""
    if not errors:
        return NOT_RUN
    deviation = f" ± {stdev(errors):.2f}" if len(errors) > 1 else ""
    return f"{mean(errors):.2f}{deviation}"
