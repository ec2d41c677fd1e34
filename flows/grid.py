"""Flow `grid`: all combinations of lists, each a run of the deployment `reproduce/<recipe>`, on whatever worker."""

from typing import Annotated, Any

from prefect import flow, get_run_logger
from pydantic import Field

from execution.cells import plan_cells
from experiments.cells.grid_table import write_grid
from flows.artifacts import show_page
from flows.cells import check_complete, complete_cells
from flows.parent_watch import end_with_launcher
from flows.reproduce import Networks
from flows.steps import open_places
from pipeline.settings.sections import Learning
from pipeline.settings.strictness import Seed

Learnings = Annotated[list[Learning], Field(min_length=1)]
Seeds = Annotated[list[Seed], Field(min_length=1)]


@flow(flow_run_name="grid of {recipe}")
def grid(
    recipe: str = "demo",
    learnings: Learnings = ["arl", "nal"],  # noqa: B006 – Prefect shows it, and nobody changes it
    networks: Networks | None = None,
    seeds: Seeds | None = None,
    overrides: dict[str, list[Any]] | None = None,
    commit: str = "HEAD",
) -> str:
    """Run the cells of a grid that are neither published with a study nor at the origin, and show the table of all.

    Args:
        recipe: a file of recipes/, without its ending.
        learnings: arl, nal or both.
        networks: instead of the recipe's; each is a cell of its own.
        seeds: of training, instead of the recipe's.
        overrides: lists of other parameters' values by dotted key, such as {"train.epochs": [2, 4]}.
        commit: a revision of the origin, or of the repository where the environment names none.

    Returns:
        The path of the table; beside it lies grid.json.
    """
    end_with_launcher()
    places = open_places(commit)
    plans = plan_cells(places.repository, recipe, learnings, networks, seeds, overrides, commit)
    runs, lost = complete_cells(places, plans)
    path = write_grid(places.repository, plans, runs)
    get_run_logger().info("%s", path)
    show_page(path.read_text(), f"grid-{recipe}", f"Errors of the grid of {recipe}")
    check_complete(lost)
    return str(path)
