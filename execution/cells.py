"""The cells of a grid: what runs it would take, and which of them are there."""

from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Any

from dvc.dvcfile import LOCK_FILE

from execution.clone import Clone
from execution.dvc_client import DvcError
from execution.git import find_commit, read_committed
from execution.open_clone import open_clone
from execution.origin import has_commit, list_experiments, mirror_origin
from execution.places import Places
from execution.plan import Plan, plan_run, read_recipe
from pipeline.errors import InputError
from pipeline.settings.params import read_recorded_params
from pipeline.settings.sections import Learning

# Whose outputs are the numbers of a network, by what DVC calls them.
MEASURED = ("train", "evaluate")
UP_TO_DATE = "Data and pipelines are up to date."  # DVC's words


def plan_cells(
    repository: Path,
    recipe: str,
    learnings: Iterable[Learning],
    networks: list[str] | None = None,
    seeds: list[int] | None = None,
    overrides: dict[str, list[Any]] | None = None,
    commit: str = "HEAD",
) -> list[Plan]:
    """Check all combinations, each a run of one network; those that come to the same run are one.

    The arguments are those of the flow `grid`, the errors those of `plan_run`.

    Raises:
        InputError: an override has no list of values.
    """
    lists = overrides or {}
    if wrong := [key for key, values in lists.items() if not isinstance(values, list) or not values]:
        raise InputError(f"overrides of a grid require a list of values for each key. Received: {wrong[0]} without")
    found = find_commit(repository, commit)
    plans: dict[str, Plan] = {}
    if networks is None:
        networks = read_recorded_params(read_recipe(repository, recipe, found), recipe).networks
    some_seeds: list[int | None] = [*seeds] if seeds else [None]
    for network, learning, seed, *values in product(networks, learnings, some_seeds, *lists.values()):
        changes = dict(zip(lists, values, strict=True)) or None
        plan = plan_run(repository, recipe, learning, seed, [network], changes, found)
        plans.setdefault(plan.experiment, plan)
    return list(plans.values())


def find_finished(places: Places, plans: list[Plan]) -> dict[str, str]:
    """The git commits of those cells of one commit that the origin has, by the experiment's name.

    It has a cell if an experiment of the cell's name, of whatever commit, is current. Whether its outputs are there is
    not asked: an experiment is pushed after them.

    Raises:
        UnreachableError: the origin does not answer.
        DvcError: DVC's process has ended.
    """
    if not plans:
        return {}
    there = list_experiments(places)
    if places.origin:
        mirror_origin(places)
    named = {plan.experiment: there[plan.experiment] for plan in plans if plan.experiment in there}
    locks = {
        name: {
            revision: read_committed(places.repository, revision, LOCK_FILE)
            for revision in revisions
            if has_commit(places.repository, revision)  # it may have been replaced since it was listed
        }
        for name, revisions in named.items()
    }
    return find_current(places.repository, plans, locks)


def find_current(repository: Path, plans: list[Plan], locks: dict[str, dict[str, str]]) -> dict[str, str]:
    """Where the first current run of each cell lies, by the experiment's name.

    A run is current if, by its dvc.lock, `dvc repro` of the cell's commit and parameters would run neither training nor
    evaluation, nor what these need.

    Args:
        repository: that has the commit of the cells.
        plans: of cells of one commit.
        locks: the dvc.lock of runs by the place where they lie, by the experiment's name.
    """
    found = {}
    named = [plan for plan in plans if plan.experiment in locks]
    if named:
        with open_clone(repository, named[0].commit, share=False) as clone:
            for plan in named:
                for place, lock in locks[plan.experiment].items():
                    if would_run_nothing(clone, plan, lock):
                        found[plan.experiment] = place
                        break
    return found


def would_run_nothing(clone: Clone, plan: Plan, lock: str) -> bool:
    """Whether DVC finds a plan's measured stages up to date by a dvc.lock, in a clone of the commit without outputs."""
    (clone.folder / "params.yaml").write_text(plan.params)
    (clone.folder / LOCK_FILE).write_text(lock)
    clone.remove_outputs()
    networks = read_recorded_params(plan.params, plan.experiment).networks
    targets = [f"{stage}@{network}" for stage in MEASURED for network in networks]
    printed: list[str] = []
    try:
        clone.dvc.run("repro", "--dry", "--allow-missing", "--no-run-cache", *targets, show=printed.append)
    except DvcError:
        # A stage that would be run, and needs what is missing, is an error; that DVC has ended says nothing of the run.
        if not clone.dvc.status:
            raise
    return UP_TO_DATE in printed
