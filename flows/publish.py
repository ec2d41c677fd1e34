"""Publish recorded runs in results/, and write the pages that show all of them: `python -m flows.publish demo-arl`."""

import argparse
from pathlib import Path

from flows.messages import run_command
from flows.published import EVIDENCE, RESULTS, Published, load_published, publish_run
from flows.repository import PROJECT, check_repository
from flows.results import compose_results
from flows.summary import format_summary
from pipeline.errors import InputError
from pipeline.evaluation.figures import draw_learning_curves
from pipeline.outputs import written_aside
from pipeline.params import Params, load_params

BEGIN, END = "<!-- results: written by `python -m flows.publish` -->\n", "<!-- end of results -->\n"


def write_pages(repository: Path) -> None:
    """Write results/README.md, its pictures, and the part of README.md between the marks, from the folders of results/.

    Raises:
        InputError: a folder is not that of a published run, or README.md lacks the marks.
    """
    published, recipes = load_all(repository), load_recipes(repository)
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


def draw_curves(recipe: str, published: list[Published], path: Path) -> None:
    """The learning curves of a recipe's first ARL run and its first NAL run."""
    runs: dict[str, dict] = {}
    for item in published:
        if item.evidence.recipe == recipe:
            histories = {network: result.history for network, result in item.run.results.items()}
            runs.setdefault(item.run.params.model.learning.upper(), histories)
    draw_learning_curves(runs, path)


def load_all(repository: Path) -> list[Published]:
    """All published runs, in order of their folders' names."""
    folders = sorted(path.parent.relative_to(repository) for path in (repository / RESULTS).glob(f"*/{EVIDENCE}"))
    return [load_published(repository, folder) for folder in folders]


def load_recipes(repository: Path) -> dict[str, Params]:
    """The recipes by name, in order of their names."""
    recipes = {path.stem: load_params(path) for path in (repository / "recipes").glob("*.yaml")}
    return dict(sorted(recipes.items()))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiments", nargs="*", help="to publish; without any, the pages are written again")
    experiments = parser.parse_args().experiments

    def publish() -> None:
        check_repository(PROJECT)
        for experiment in experiments:
            print(publish_run(PROJECT, experiment))
        write_pages(PROJECT)
        print(RESULTS / "README.md")

    run_command(publish)


if __name__ == "__main__":
    main()
