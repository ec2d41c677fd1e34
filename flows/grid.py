"""Flow `grid`: all combinations of lists, each a run of the deployment `reproduce/<recipe>`, on whatever worker."""

from typing import Annotated, Any

from prefect import flow, get_run_logger
from pydantic import Field

from execution.cells import find_finished, plan_cells
from execution.parent_watch import end_with_launcher
from experiments.grid_hours import describe_hours
from experiments.grid_table import read_cells, write_grid
from flows.artifacts import show_page
from flows.cells import check_deployment, run_cells
from flows.reproduce import Networks, open_places
from pipeline.errors import InputError
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
    """Run the cells of a grid that the origin does not have, and show the table of all.

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
    logger = get_run_logger()
    places = open_places(commit)
    plans = plan_cells(places.repository, recipe, learnings, networks, seeds, overrides, commit)
    check_deployment(recipe)
    finished = find_finished(places, plans)
    there = ", ".join(finished) or "none"
    logger.info("%d cells of commit %s; %d are there: %s", len(plans), plans[0].commit, len(finished), there)
    left = [plan for plan in plans if plan.experiment not in finished]
    if left:
        logger.info("%d cells to run: %s", len(left), describe_hours(places.repository, left))
    states = run_cells(left, logger.info)
    finished = find_finished(places, plans)
    path = write_grid(places.repository, plans, read_cells(places.repository, finished))
    logger.info("%s", path)
    show_page(path.read_text(), f"grid-{recipe}", f"Errors of the grid of {recipe}")
    if missing := [f"{name}, {state}" for name, state in states.items() if name not in finished]:
        raise InputError(f"a grid requires all of its cells. Received: no result of {'; '.join(missing)}")
    return str(path)
