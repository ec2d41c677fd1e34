"""Flows' cells: those that are there, and what runs the others, on the machines of a server or here."""

from prefect import get_run_logger

from execution.places import Places
from execution.plan import Plan
from experiments.cells.found_cells import find_cells
from experiments.cells.grid_hours import describe_hours
from experiments.recorded_run import Run
from flows.cell_runs import check_deployment, run_cells
from flows.reproduce import reproduce
from flows.steps import run_step
from pipeline.errors import InputError


def complete_cells(places: Places, plans: list[Plan], *, here: bool = False) -> tuple[dict[str, Run], list[str]]:
    """Run those cells of one recipe and commit that are neither published by it nor at the origin.

    Args:
        places: of the origin.
        plans: of the cells, each of another experiment.
        here: run them one after another in this process, instead of as runs of the deployment.

    Returns:
        The runs of the cells that there are now, by experiment; and those without a result, with how they ended.

    Raises:
        InputError: the server does not know the deployment; or a run that is there is not complete, or published with
            other files than it recorded.
        UnreachableError: the origin does not answer.
    """
    logger = get_run_logger()
    if not here:
        check_deployment(plans[0].recipe)
    found = run_step("find", lambda _: find_cells(places, plans))
    there = ", ".join(found) or "none"
    logger.info("%d cells of commit %s; %d are there: %s", len(plans), plans[0].commit, len(found), there)
    missing = [plan for plan in plans if plan.experiment not in found]
    if missing:
        logger.info("%d cells to run: %s", len(missing), describe_hours(places.repository, missing))
    states = run_here(missing) if here else run_cells(missing, logger.info)
    found |= run_step("find", lambda _: find_cells(places, missing)) if missing else {}
    lost = [f"{name}, {state}" for name, state in states.items() if name not in found]
    return {name: cell.run for name, cell in found.items()}, lost


def check_complete(lost: list[str]) -> None:
    """See that no cell is without a result; those that are, `complete_cells` gives.

    Raises:
        InputError: one is.
    """
    if lost:
        raise InputError(f"all cells are required. Received: no result of {'; '.join(lost)}")


def run_here(plans: list[Plan]) -> dict[str, str]:
    """Run cells as flow runs of this process; one that fails loses no other. What it gives is that of `run_cells`."""
    states = {}
    for plan in plans:
        state = reproduce(plan.recipe, **plan.arguments, commit=plan.commit, return_state=True)
        states[plan.experiment] = str(state.name)
    return states
