"""The pages that show all published runs: results/README.md, its pictures, and a part of README.md."""

from pathlib import Path

import pandas as pd

from execution.recipe_changes import ARGUMENTS, list_differences
from experiments.publication import EVIDENCE, RESULTS, Published, load_published
from experiments.published_page import compose_results
from experiments.published_table import format_summary
from pipeline.errors import InputError
from pipeline.evaluation.figures import draw_learning_curves
from pipeline.outputs import written_aside
from pipeline.settings.params import Params, load_params

BEGIN, END = "<!-- results: written by `python -m flows.publish` -->\n", "<!-- end of results -->\n"


def write_pages(repository: Path) -> None:
    """Write results/README.md, its pictures, and the part of README.md between the marks, from the folders of results/.

    Raises:
        InputError: a folder is not that of a published run, a recipe has changed since, or README.md lacks the marks.
    """
    published, recipes = load_all(repository), load_recipes(repository)
    check_recipes(published, recipes)
    before, begin, rest = (repository / "README.md").read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise InputError(f"README.md requires the lines {BEGIN.strip()} and {END.strip()}. Received: not both")
    for recipe in dict.fromkeys(item.evidence.recipe for item in published):
        with written_aside(repository / RESULTS / "figures" / f"{recipe}.png") as picture:
            draw_curves(recipe, published, picture)
    with written_aside(repository / RESULTS / "README.md") as page:
        page.write_text(compose_results(published, recipes))
    with written_aside(repository / "README.md") as page:
        page.write_text(f"{before}{begin}\n{format_summary(published, recipes)}\n{end}{after}")


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


def draw_curves(recipe: str, published: list[Published], path: Path) -> None:
    """The learning curves of a recipe's networks with ARL and with NAL: of the first run of each that there is."""
    runs: dict[str, dict[str, pd.DataFrame]] = {}
    for run, evidence in published:
        if evidence.recipe == recipe:
            histories = runs.setdefault(run.params.model.learning.upper(), {})
            for network, result in run.results.items():
                histories.setdefault(network, result.history)
    draw_learning_curves(runs, path)


def load_all(repository: Path) -> list[Published]:
    """All published runs, in order of their folders' names."""
    folders = sorted(path.parent.relative_to(repository) for path in (repository / RESULTS).glob(f"*/{EVIDENCE}"))
    return [load_published(repository, folder) for folder in folders]


def load_recipes(repository: Path) -> dict[str, Params]:
    """The recipes by name, in order of their names."""
    recipes = {path.stem: load_params(path) for path in (repository / "recipes").glob("*.yaml")}
    return dict(sorted(recipes.items()))
