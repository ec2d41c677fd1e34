"""Flow `reproduce`: a recipe at a commit, run in a clone, recorded as a DVC experiment."""

from pathlib import Path
from typing import Annotated, Any, NamedTuple

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas import State, TaskRun
from prefect.tasks import Task
from pydantic import Field

from flows.artifacts import show_run
from flows.clone import Clone, DvcError, open_clone
from flows.messages import show_plain_errors
from flows.progress import TrainingProgress
from flows.recipes import Learning, change_recipe, collect_changes, name_experiment
from flows.repository import (
    PROJECT,
    check_repository,
    describe_uncommitted,
    find_commit,
    list_committed,
    read_committed,
)
from flows.runs import load_run
from pipeline.errors import InputError

Seed = Annotated[int, Field(ge=0, lt=2**31)]
Networks = Annotated[list[str], Field(min_length=1)]

# A source that may answer later (the download's exit status), and a lock of DVC that another process holds.
PASSING = ("exited with 75", "Unable to acquire lock", "is busy, it is being blocked by")


show_plain_errors()


class Plan(NamedTuple):
    """A run that is known to be possible: its commit, its experiment's name and its parameter file's text."""

    commit: str
    experiment: str
    params: str


def plan_run(
    repository: Path,
    recipe: str,
    learning: Learning,
    seed: int | None,
    networks: list[str] | None,
    overrides: dict[str, Any] | None,
    commit: str,
) -> Plan:
    """Check a run's arguments, before anything starts.

    Raises:
        InputError: there is no such commit or recipe, or the recipe does not allow the changes.
    """
    check_repository(repository)
    found = find_commit(repository, commit)
    recipes = [Path(name).stem for name in list_committed(repository, found, "recipes")]
    if recipe not in recipes:
        raise InputError(f"recipe requires one of {', '.join(recipes)}. Received: {recipe}")
    text = read_committed(repository, found, f"recipes/{recipe}.yaml")
    changes = collect_changes(learning, seed, networks, overrides)
    params = change_recipe(text, changes, f"recipe {recipe}")
    return Plan(found, name_experiment(recipe, text, changes), params)


def may_pass(_task: Task, _run: TaskRun, state: State) -> bool:
    """Whether a stage failed for a reason that may pass."""
    reason = state.data if isinstance(state.data, DvcError) else None
    return any(sign in str(reason) for sign in PASSING)


@task(retries=2, retry_delay_seconds=[10, 60], retry_condition_fn=may_pass, cache_policy=NO_CACHE)
def run_stage(clone: Clone, stage: str) -> None:
    """Run one stage of DVC's graph; what it prints goes to the log, its progress to an artifact."""
    logger, progress = get_run_logger(), TrainingProgress()

    def show(line: str) -> None:
        if progress.follow(line):
            logger.info(line)

    clone.dvc("repro", "--single-item", stage, show=show)


@flow(flow_run_name="{recipe}-{learning}")
def reproduce(
    recipe: str = "demo",
    learning: Learning = "arl",
    seed: Seed | None = None,
    networks: Networks | None = None,
    overrides: dict[str, Any] | None = None,
    commit: str = "HEAD",
) -> str:
    """Run a recipe of a commit, and record it as the DVC experiment `<recipe>-<learning>`.

    Args:
        recipe: a file of recipes/, without its ending.
        learning: arl, (1 + M)·T, or nal, M·T.
        seed: of training, instead of the recipe's; it adds -s<seed> to the experiment's name.
        networks: instead of the recipe's, such as ["attention-56"]; they add their depths to the name.
        overrides: other parameters by dotted key, such as {"train.epochs": 2}; they add a digest to the name.
        commit: a revision of the repository; what is not committed is left out.

    Returns:
        The experiment's name.
    """
    logger = get_run_logger()
    plan = plan_run(PROJECT, recipe, learning, seed, networks, overrides, commit)
    logger.info("experiment %s, of commit %s", plan.experiment, plan.commit)
    if left_out := describe_uncommitted(PROJECT):
        logger.warning("left out, because not committed: %s", left_out)
    with open_clone(PROJECT, plan.commit) as clone:
        stages = clone.write_params(plan.params)
        clone.dvc("checkout", "--allow-missing")
        for stage in stages:
            run_stage.with_options(name=stage, task_run_name=stage)(clone, stage)
        clone.save_experiment(plan.experiment, stages[-1])
    show_run(load_run(PROJECT, plan.experiment))
    return plan.experiment
