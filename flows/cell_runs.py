"""Cells as runs of the deployment `reproduce/<recipe>`, when and where Prefect says."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID, uuid4

from httpx import HTTPError, HTTPStatusError
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound

from execution.plan import Plan
from pipeline.errors import InputError

ATTEMPTS = 5  # of a cell whose machine dies under it
POLL_SECONDS = 2
PAGE = 200  # the most runs that a server gives at once
DELETED = State[Any](type=StateType.CANCELLED, name="Deleted")


def check_deployment(recipe: str) -> None:
    """See that cells of a recipe can be run.

    Raises:
        InputError: the server does not know the deployment.
    """
    try:
        with get_client(sync_client=True) as client:
            client.read_deployment_by_name(f"reproduce/{recipe}")
    except ObjectNotFound:
        raise InputError(
            f"reproduce/{recipe} requires a deployment, which `python -m flows.deploy` makes. Received: none"
        ) from None


def run_cells(plans: list[Plan], say: Callable[[str], object]) -> dict[str, str]:
    """Run cells, each as a flow run; one whose machine died is run again, and whatever ends this ends those it started.

    Args:
        plans: of the cells, each of another experiment.
        say: takes a line whenever a cell ends.

    Returns:
        The names of the states in which they ended, by experiment.
    """
    ended: dict[str, str] = {}
    active: dict[UUID, Plan] = {}
    started: set[UUID] = set()
    unstarted = deque(plans)
    own = f"started by {uuid4()}"
    attempts = dict.fromkeys((plan.experiment for plan in plans), 1)
    with get_client(sync_client=True) as client:
        try:
            while unstarted or active:
                with server_may_be_away():
                    while unstarted:
                        plan = unstarted[0]
                        run = find_or_start(client, plan, own)
                        if own in run.tags:
                            started.add(run.id)
                        active[run.id] = plan
                        unstarted.popleft()
                time.sleep(POLL_SECONDS)
                for run_id, state in read_ended(client, list(active)).items():
                    plan = active.pop(run_id)
                    lost = state.is_crashed() or (state.is_cancelled() and run_id not in started)  # with another grid
                    if lost and attempts[plan.experiment] < ATTEMPTS:
                        unstarted.append(plan)
                        attempts[plan.experiment] += 1
                        say(f"{plan.experiment}: {str(state.name).lower()}, runs again")
                    else:
                        ended[plan.experiment] = str(state.name)
                        say(f"{plan.experiment}: {state.name}; {len(plans) - len(ended)} cells are left")
        finally:
            for run_id in started & active.keys():
                with suppress(HTTPError, ObjectNotFound):
                    client.set_flow_run_state(run_id, State[Any](type=StateType.CANCELLING))
    return ended


@contextmanager
def server_may_be_away() -> Iterator[None]:
    """Pass over that the server does not answer, as when it is started again or its database is busy."""
    try:
        yield
    except HTTPError as error:
        if isinstance(error, HTTPStatusError) and error.response.is_client_error:
            raise


def make_tag(plan: Plan) -> str:
    """By which the runs of a cell are found."""
    return f"{plan.experiment} of {plan.commit[:12]}"


def find_or_start(client: SyncPrefectClient, plan: Plan, own: str) -> FlowRun:
    """A run of a cell that has not ended, of whatever grid, also of one that was killed; else a new one.

    The key of a new one is of the run that was to start last: where several grids ask at the same moment, or one asks
    again as it has heard no answer, one run is made. It has the tag `own` of the grid that it was made for.
    """
    tag = make_tag(plan)
    newest = FlowRunSort.EXPECTED_START_TIME_DESC
    runs = client.read_flow_runs(flow_run_filter=FlowRunFilter(tags=FlowRunFilterTags(all_=[tag])), sort=newest)
    waiting = (run for run in runs if not (run.state and run.state.is_final()))
    return next(waiting, None) or start_cell(plan, f"{tag} after {runs[0].id if runs else 'none'}", [tag, own])


def start_cell(plan: Plan, key: str, tags: list[str]) -> FlowRun:
    """Have the deployment run a cell: for each key once, however often and for whomever it is asked."""
    parameters = plan.arguments | {"recipe": plan.recipe, "commit": plan.commit}
    run: Any = run_deployment(
        f"reproduce/{plan.recipe}", parameters=parameters, timeout=0, tags=tags, idempotency_key=key
    )
    return run


def read_ended(client: SyncPrefectClient, runs: list[UUID]) -> dict[UUID, State]:
    """How those of the runs ended that have, or were deleted; none while the server does not answer."""
    states: dict[UUID, State | None] = {}
    with server_may_be_away():
        for first in range(0, len(runs), PAGE):
            asked = runs[first : first + PAGE]
            known = client.read_flow_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=asked)))
            states |= dict.fromkeys(asked, DELETED) | {run.id: run.state for run in known}
    return {run: state for run, state in states.items() if state and state.is_final()}
