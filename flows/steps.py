"""What flows do: steps as tasks, with what they print and what may pass, and the places that they work in."""

from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas import State, TaskRun
from prefect.runtime import flow_run
from prefect.tasks import Task

from execution.dvc_client import DvcError
from execution.git import describe_uncommitted
from execution.origin import bring_commit
from execution.places import Places, UnreachableError, find_places
from execution.run_plan import Step
from flows.plain_errors import show_plain_errors
from flows.progress import TrainingProgress

# A source that may answer later (the download's exit status), a lock of DVC that another process holds, and a
# repository that cannot be pushed to, which must not cost a training.
PASSING = ("exited with 75", "Unable to acquire lock", "is busy, it is being blocked by", "dvc exp push ")

show_plain_errors()


def may_pass(_task: Task, _run: TaskRun, state: State) -> bool:
    """Whether a step failed for a reason that may pass."""
    reason = state.data if isinstance(state.data, DvcError) else None
    return isinstance(state.data, UnreachableError) or any(sign in str(reason) for sign in PASSING)


@task(retries=2, retry_delay_seconds=[10, 60], retry_condition_fn=may_pass, cache_policy=NO_CACHE)
def carry_out(step: Step) -> Any:
    """Carry out a step of a run; what it prints goes to the log, its progress to an artifact."""
    logger, progress = get_run_logger(), TrainingProgress()

    def show(line: str) -> None:
        if progress.follow(line):
            logger.info(line)

    return step(show)


def run_step(name: str, step: Step) -> Any:
    """Run a step as a task."""
    return carry_out.with_options(name=name, task_run_name=name)(step)


def open_places(commit: str) -> Places:
    """Find the places of a flow run, and bring the commit that a revision of the origin means."""
    places = find_places()
    if places.origin:
        run_step("fetch", lambda _: bring_commit(places, commit))
    elif not flow_run.parent_flow_run_id and (left_out := describe_uncommitted(places.repository)):
        get_run_logger().warning("left out, because not committed: %s", left_out)
    return places
