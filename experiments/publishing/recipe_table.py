"""The table of all recipes: what is published of their runs, beside the published figures."""

from collections.abc import Iterable
from pathlib import Path

from experiments.comparing.paired_tests import compare_models
from experiments.publishing.published_run import Published
from experiments.seeds import Seeds, compare_learnings, format_training_seeds, pair_seeds
from pipeline.errors import InputError
from pipeline.evaluation.markdown import format_number, format_table, render_template
from pipeline.evaluation.reference import FIGURES, Figures, find_figures
from pipeline.evaluation.significance import count_seeds
from pipeline.settings.params import Params

TEMPLATE = Path(__file__).with_name("recipe_table.md.j2")
# Between seeds, of the error on CIFAR-10's test images, in points: at most, by Jordan 2023 (arXiv 2304.01910).
KNOWN_DEVIATION = 0.25


def compose_recipe_table(published: list[Published], recipes: dict[str, Params]) -> str:
    """A row for each network that a recipe of CIFAR has runs of: ARL, NAL, and the published figures; then the others.

    Raises:
        InputError: a seed's run is published twice, with two results.
    """
    rows, missing = [], {}
    for recipe, params in recipes.items():
        if params.download.dataset in FIGURES:
            runs = {network: find_runs(published, recipe, network) for network in params.networks}
            rows += [make_row(recipe, network, params, found) for network, found in runs.items() if any(found.values())]
            if others := [network for network, found in runs.items() if not any(found.values())]:
                missing[recipe] = others
    needed = count_seeds(0.3, KNOWN_DEVIATION)
    return render_template(TEMPLATE, rows=format_table(rows), missing=missing, deviation=KNOWN_DEVIATION, needed=needed)


def find_runs(published: Iterable[Published], recipe: str, network: str) -> dict[str, Seeds]:
    """The runs of a network by a recipe, by learning and seed, in order of the seeds.

    Raises:
        InputError: two runs of one seed have different results.
    """
    runs: dict[str, Seeds] = {"arl": {}, "nal": {}}
    for run, evidence in published:
        if evidence.recipe == recipe and network in run.results:
            seeds, seed = runs[run.params.model.learning], run.params.train.seed
            if (other := seeds.setdefault(seed, run)).results[network].metrics != run.results[network].metrics:
                raise InputError(
                    f"a seed requires one result. Received: two of {network}, in {other.name} and in {run.name}"
                )
    return {learning: dict(sorted(seeds.items())) for learning, seeds in runs.items()}


def make_row(recipe: str, network: str, params: Params, runs: dict[str, Seeds]) -> dict[str, str]:
    """One row of the table; the runs are those that `find_runs` gives."""
    tests = [compare_models(*pair, network, network) for pair in pair_seeds(runs["arl"], runs["nal"])]
    figures = find_figures(params.download.dataset, network) if params.compare_with_published else Figures()
    return {
        "Recipe": recipe,
        "Network": network,
        "Layout": f"{params.model.layout} × {params.model.width:g}",
        "Epochs": str(params.train.epochs),
        **compare_learnings(runs, network),
        "p of each pair": ", ".join(f"{test.p_value:#.2g}" if test else "–" for test in tests) or "–",
        "Training seeds": format_training_seeds(runs),
        "Paper": format_both(figures.paper_arl, figures.paper_nal),
        "Jay4869, training": format_both(figures.jay4869_arl, figures.jay4869_nal),
        "Jay4869, test": format_both(figures.jay4869_test_arl, figures.jay4869_test_nal),
    }


def format_both(arl: float | None, nal: float | None) -> str:
    """What is published of ARL and of NAL, in percent."""
    return f"{format_number(arl)} / {format_number(nal)}"
