"""Flow `reproduce`: a recipe at a commit, run in a clone, recorded as a DVC experiment."""

from typing import Annotated, Any

from prefect import flow, get_run_logger
from prefect.runtime import flow_run
from pydantic import Field

from execution.origin import bring_commit
from execution.places import UnreachableError, find_places
from execution.plan import plan_run
from execution.run_plan import run_plan
from experiments.experiment import load_revision
from flows.artifacts import show_run
from flows.parent_watch import end_with_launcher
from flows.steps import open_places, run_step
from pipeline.errors import InputError
from pipeline.settings.sections import Learning
from pipeline.settings.strictness import Seed

Networks = Annotated[list[str], Field(min_length=1)]


def name_flow_run() -> str:
    """The names of the experiments that the current flow run makes; its own where they cannot be made."""
    end_with_launcher()  # the first of a run's code that runs, and it may fetch
    given = flow_run.parameters
    learnings = [given["learning"]] if "learning" in given else ["arl", "nal"]
    try:
        places = find_places()
        bring_commit(places, given.get("commit", "HEAD"))
        plans = [plan_run(places.repository, **given | {"learning": learning}) for learning in learnings]
        return ", ".join(plan.experiment for plan in plans)
    except (InputError, UnreachableError):  # the flow says why
        return "-".join([given["recipe"], *learnings])


@flow(flow_run_name=name_flow_run)
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
        commit: a revision of the repository, or of the origin where the environment names one; what is not committed
            is left out.

    Returns:
        The experiment's name, which has only what differs from the recipe.
    """
    logger = get_run_logger()
    places = open_places(commit)
    plan = plan_run(places.repository, recipe, learning, seed, networks, overrides, commit)
    logger.info("experiment %s, of commit %s", plan.experiment, plan.commit)
    revision = run_plan(places, plan, run_step, logger.info)
    show_run(load_revision(places.repository, plan.experiment, revision))
    return plan.experiment
