"""What ties a recorded run to its making: the recipe, the commit and the command."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from execution.git import check_ancestor, list_committed, read_committed
from execution.recipe_changes import ARGUMENTS, list_differences
from execution.recorded_code import PLAN, list_edited
from experiments.recorded_run import Run, parse_object
from pipeline.errors import InputError
from pipeline.settings.params import Params, read_recorded_params

PLANNED = ("recipe", "commit", "experiment", "command")


class Evidence(NamedTuple):
    """What ties a published run to its making, beside its own files.

    Attributes:
        recipe: whose run it is.
        commit: whose code, with the run's parameters, made all of its files.
        revision: the git commit that recorded the run where it was made.
        command: that makes the run again.
    """

    recipe: str
    commit: str
    revision: str
    command: str


def gather_evidence(repository: Path, run: Run) -> Evidence:
    """What ties an experiment to its making, as the plan that its run has saved tells it.

    Raises:
        InputError: it is none, or not the run of a recipe as it is, but for learning, seed and a choice of networks.
    """
    if run.commit == run.revision:
        raise InputError(f"a published run requires an experiment. Received: {run.name}, which is none")
    there = PLAN in list_committed(repository, run.revision, ".")
    try:
        plan = parse_object(read_committed(repository, run.revision, PLAN).encode() if there else b"{}", PLANNED)
    except ValueError as error:
        raise InputError(
            f"a published run requires {PLAN}, as a flow writes it. Received: {run.name}, without"
        ) from error
    recipe = plan["recipe"]
    text = read_committed(repository, run.commit, f"recipes/{recipe}.yaml")
    original = read_recorded_params(text, f"recipe {recipe}")
    changed = list_differences(original, run.params).keys() - ARGUMENTS.keys()
    planned = (plan["experiment"], plan["commit"]) == (run.name, run.commit)
    if changed or not planned or not set(run.params.networks) <= set(original.networks):
        raise InputError(
            "a published run requires the name and the parameters of a recipe's run without overrides; others can be "
            f"a recipe of their own. Received: {run.name}"
        )
    return Evidence(recipe, run.commit, run.revision, plan["command"])


def check_code(repository: Path, run: Run) -> None:
    """See that an experiment differs from a commit of HEAD's history in parameters and outputs only.

    Raises:
        InputError: it is of other code, or of a commit that others do not have.
    """
    check_ancestor(repository, run.commit, run.name)
    if edited := list_edited(repository, run.commit, run.revision):
        received = f"{run.name}, which has others: {', '.join(edited)}"
        raise InputError(f"a published run requires the files of its commit, {run.commit[:12]}. Received: {received}")


def format_evidence(run: Run) -> str:
    """What ties a run's numbers to what made them, in Markdown."""
    machines = [result.machine for result in run.results.values()]
    versions = ", ".join(f"{name} {version}" for name, version in machines[0].get("libraries", {}).items())
    hardware = dict.fromkeys(f"{machine.get('device', '–')} ({machine.get('processor', '–')})" for machine in machines)
    params = run.params
    return (
        f"{run.name}: commit `{run.commit}`, recorded as `{run.revision[:12]}` where it ran; "
        f"training seed {params.train.seed}, split seed {params.preprocess.seed}, n = 1; "
        f"{params.compute.backend} backend, {versions or '–'}; {' and '.join(hardware)}"
    )


def format_training(several: Iterable[Params]) -> str:
    """What was trained, and how, in Markdown: where runs differ in it, all that they had."""
    params = [*several]

    def join(show: Callable[[Params], object]) -> str:
        return " or ".join(dict.fromkeys(str(show(run)) for run in params))

    return (
        f"Layout {join(lambda run: f'`{run.model.layout}`')}, width {join(lambda run: f'{run.model.width:g}')}; "
        f"{join(lambda run: run.train.epochs)} epochs with batches of {join(lambda run: run.train.batch_size)}; "
        f"optimizer {join(lambda run: run.train.optimizer)}; "
        f"label smoothing {join(lambda run: f'{run.train.label_smoothing:g}')}; "
        f"{join(lambda run: run.compute.precision)}; "
        f"{join(lambda run: f'{run.preprocess.validation_images:,}')} validation images."
    )
