"""Flow `reproduce`: a recipe at a commit, run in a clone, recorded as a DVC experiment."""

from typing import Annotated, Any

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas import State, TaskRun
from prefect.tasks import Task
from pydantic import Field

from execution.clone import LOCKS, Clone, open_clone
from execution.dvc_client import DvcError
from execution.git import PROJECT, describe_uncommitted
from execution.parent_watch import end_with_launcher
from execution.plan import plan_run
from experiments.experiment import load_run
from flows.artifacts import show_run
from flows.plain_errors import show_plain_errors
from flows.progress import TrainingProgress
from pipeline.locks import hold_lock
from pipeline.sections import Learning, Seed

Networks = Annotated[list[str], Field(min_length=1)]

# A source that may answer later (the download's exit status), and a lock of DVC that another process holds.
PASSING = ("exited with 75", "Unable to acquire lock", "is busy, it is being blocked by")

show_plain_errors()


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

    clone.run_stage(stage, show)


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
    end_with_launcher()
    logger = get_run_logger()
    plan = plan_run(PROJECT, recipe, learning, seed, networks, overrides, commit)
    logger.info("experiment %s, of commit %s", plan.experiment, plan.commit)
    if left_out := describe_uncommitted(PROJECT):
        logger.warning("left out, because not committed: %s", left_out)
    lock = PROJECT / LOCKS / f"{plan.experiment}-{plan.commit[:12]}"
    holder = f"another run of {plan.experiment}"
    with hold_lock(lock, holder, logger.info), open_clone(PROJECT, plan.commit) as clone:
        stages = clone.prepare(plan.params)
        for stage in stages:
            run_stage.with_options(name=stage, task_run_name=stage)(clone, stage)
        clone.save_experiment(plan.experiment, stages[-1])
    show_run(load_run(PROJECT, plan.experiment, plan.commit))
    return plan.experiment
