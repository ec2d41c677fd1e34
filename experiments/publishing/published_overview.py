"""What shows all published runs: results/README.md, its pictures, and a part of README.md."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from execution.recipe_changes import ARGUMENTS, list_differences
from experiments.comparing.paired_tests import PAIRED_NOTE, tabulate_paired_tests
from experiments.provenance import format_evidence, format_training
from experiments.publishing.published_run import RESULTS, Published, load_all
from experiments.publishing.published_studies import PublishedStudy, list_published_studies
from experiments.publishing.recipe_table import compose_recipe_table
from experiments.recorded_run import Run
from pipeline.errors import InputError
from pipeline.evaluation.figures import draw_learning_curves, save_figure
from pipeline.evaluation.markdown import Row, format_table, render_template
from pipeline.evaluation.metrics import CALIBRATION_BINS
from pipeline.evaluation.significance import bound_error
from pipeline.evaluation.tables import Column, show_columns, show_means
from pipeline.outputs import written_aside
from pipeline.settings.params import Params, load_params

TEMPLATE = Path(__file__).with_name("published_overview.md.j2")
BEGIN, END = "<!-- results: written by `python -m flows.publish` -->\n", "<!-- end of results -->\n"
PARAMETERS = Column("Parameters", "parameters", ",")
MEASURED = (
    Column("Train, %", "train_error_percent"),
    Column("Validation, %", "validation_error_percent"),
    Column("Test, %", "test_error_percent"),
    Column("± (95 %)", "half_width"),
    Column("Test with mirror images, %", "test_error_percent_with_mirror_images"),
    Column("Test by six views, %", "test_error_percent_with_six_views"),
    Column("Minutes", "train_minutes", ".1f"),
    Column("Images/s", "images_per_second", ".0f"),
)
COLUMNS = (*MEASURED, PARAMETERS)


def write_overview(repository: Path) -> None:
    """Write results/README.md, its pictures, and the part of README.md between the marks, from the folders of results/.

    Raises:
        InputError: a folder is not that of a published run, a recipe has changed since, or README.md lacks the marks.
    """
    published, recipes = load_all(repository), load_recipes(repository)
    check_recipes(published, recipes)
    table = compose_recipe_table(published, recipes)
    before, begin, rest = (repository / "README.md").read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise InputError(f"README.md requires the lines {BEGIN.strip()} and {END.strip()}. Received: not both")
    for recipe, runs in group_by_recipe(published, recipes).items():
        with written_aside(repository / RESULTS / "figures" / f"{recipe}.png") as picture:
            save_figure(draw_curves([run for run, _ in runs]), picture)
    with written_aside(repository / RESULTS / "README.md") as page:
        page.write_text(compose_overview(published, recipes, table, [*list_published_studies(repository)]))
    with written_aside(repository / "README.md") as page:
        page.write_text(f"{before}{begin}\n{table}\n{end}{after}")


def load_recipes(repository: Path) -> dict[str, Params]:
    """The recipes by name, in order of their names."""
    recipes = {path.stem: load_params(path) for path in (repository / "recipes").glob("*.yaml")}
    return dict(sorted(recipes.items()))


def check_recipes(published: list[Published], recipes: dict[str, Params]) -> None:
    """See that the pages can show a recipe's parameters as those of its runs.

    Raises:
        InputError: a run is of a recipe that is no more, or that has other parameters now.
    """
    for run, evidence in published:
        recipe = recipes.get(evidence.recipe)
        differences = sorted(set(list_differences(run.params, recipe)) - set(ARGUMENTS)) if recipe else []
        if differences or not recipe:
            what = f"with another {', '.join(differences)}" if recipe else "which is no more"
            raise InputError(
                "a published run requires its recipe as it was; changes are a recipe of their own. "
                f"Received: {run.name}, of {evidence.recipe}, {what}"
            )


def group_by_recipe(published: list[Published], recipes: dict[str, Params]) -> dict[str, list[Published]]:
    """The runs of each recipe that has some, in order of the recipes."""
    groups = {recipe: [item for item in published if item.evidence.recipe == recipe] for recipe in recipes}
    return {recipe: items for recipe, items in groups.items() if items}


def draw_curves(runs: list[Run]) -> Figure:
    """The learning curves of a recipe's networks with ARL and with NAL: of the first run of each that there is."""
    curves: dict[str, dict[str, pd.DataFrame]] = {}
    for run in runs:
        histories = curves.setdefault(run.params.model.learning.upper(), {})
        for network, result in run.results.items():
            histories.setdefault(network, result.history)
    return draw_learning_curves(curves)


def compose_overview(
    published: list[Published], recipes: dict[str, Params], recipe_table: str, studies: list[PublishedStudy]
) -> str:
    """results/README.md."""
    groups = [
        {
            "name": recipe,
            "training": format_training([recipes[recipe]]),
            "networks": format_table([*make_rows([run for run, _ in items])]),
            "paired_tests": list(list_learning_tests([run for run, _ in items])),
            "evidence": [(format_evidence(run), evidence.command) for run, evidence in items],
        }
        for recipe, items in group_by_recipe(published, recipes).items()
    ]
    return render_template(
        TEMPLATE,
        recipe_table=recipe_table,
        studies=studies,
        recipes=groups,
        paired_note=PAIRED_NOTE,
        calibration_bins=CALIBRATION_BINS,
        best=list(list_best([run for run, _ in published])),
    )


def make_rows(runs: list[Run]) -> Iterator[dict[str, str]]:
    """A row for each network of each published run; then of each network and learning with several seeds, the means."""
    seeds: dict[tuple[str, str], dict[int, dict[str, Any]]] = {}
    for run in runs:
        folder = Path(run.name).name
        for network, result in run.results.items():
            numbers = result.numbers
            of_setting = seeds.setdefault((network, run.params.model.learning.upper()), {})
            of_setting.setdefault(run.params.train.seed, numbers)
            if result.predictions is not None:
                error = numbers["test_error_percent"]
                numbers = numbers | {"half_width": bound_error(error, len(result.predictions))}
            link = f"[{folder}]({folder}/reports/report.md)"
            yield {"Run": link, "Network": network, **show_columns(COLUMNS, numbers)}
    for (network, learning), by_seed in seeds.items():
        if len(by_seed) > 1:
            results = [*by_seed.values()]
            name = f"{learning}, mean ± deviation of {len(results)} seeds"
            means = show_means(MEASURED, results) | show_columns([PARAMETERS], results[0])
            yield {"Run": name, "Network": network, **means}


def list_learning_tests(runs: list[Run]) -> Iterator[list[Row]]:
    """Tables of McNemar's tests of the runs of one seed with ARL and with NAL."""
    arl, nal = ([run for run in runs if run.params.model.learning == learning] for learning in ("arl", "nal"))
    for first, second in product(arl, nal):
        if first.params.train.seed == second.params.train.seed and (rows := tabulate_paired_tests(first, second)):
            yield rows


def list_best(runs: list[Run]) -> Iterator[dict[str, Any]]:
    """Of each data set, the network with the lowest validation error."""
    for dataset in dict.fromkeys(run.dataset[0] for run in runs):
        candidates = [
            (error, run, network)
            for run in runs
            for network, result in run.results.items()
            if run.dataset[0] == dataset and (error := result.metrics.get("validation_error_percent")) is not None
        ]
        if candidates:
            _, run, network = min(candidates, key=lambda candidate: candidate[0])
            numbers = run.results[network].numbers
            errors = numbers.get("test_error_percent_per_class", {})
            yield {
                "dataset": dataset,
                "folder": Path(run.name).name,
                "params": run.params,
                "network": network,
                "numbers": numbers,
                "classes": format_table([{"Class": name, "Test error, %": error} for name, error in errors.items()]),
            }
