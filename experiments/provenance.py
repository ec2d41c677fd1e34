"""What ties a recorded run to its making: the recipe, the commit and the command."""

import json
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from execution.git import check_ancestor, list_changed, list_recipes, read_committed
from execution.recipe_changes import change_recipe, collect_changes, name_experiment
from experiments.output_digests import LOCK
from experiments.recorded_run import Run
from pipeline.errors import InputError
from pipeline.settings.params import Params, read_recorded_params


class Evidence(NamedTuple):
    """What ties a published run to its making, beside its own files.

    Attributes:
        recipe: whose run it is.
        commit: whose code, with the recipe's parameters, made all of its files.
        revision: the git commit that recorded the run where it was made.
        command: that makes the run again.
    """

    recipe: str
    commit: str
    revision: str
    command: str


def gather_evidence(repository: Path, run: Run) -> Evidence:
    """What ties a recorded run to its making.

    Raises:
        InputError: it is not the run of a recipe as it is, but for learning, seed and a choice of its networks.
    """
    params = run.params
    changes = collect_changes(params.model.learning, params.train.seed, params.networks, None)
    for recipe in list_recipes(repository, run.commit):
        text = read_committed(repository, run.commit, f"recipes/{recipe}.yaml")
        if name_experiment(recipe, text, changes) == run.name:
            original, changed = (
                read_recorded_params(content, recipe) for content in (text, change_recipe(text, changes, recipe))
            )
            if changed == params and set(params.networks) <= set(original.networks):
                return Evidence(recipe, run.commit, run.revision, compose_command(recipe, run, original))
    raise InputError(
        "a published run requires the name and the parameters of a recipe's run without overrides; others can be a "
        f"recipe of their own. Received: {run.name}"
    )


def compose_command(recipe: str, run: Run, original: Params) -> str:
    """The command that makes a run of a recipe again."""
    given = [f"commit={run.commit}", f"learning={run.params.model.learning}"]
    if run.params.train.seed != original.train.seed:
        given.append(f"seed={run.params.train.seed}")
    if run.params.networks != original.networks:
        given.append(f"networks={json.dumps(run.params.networks)}")
    options = [word for value in given for word in ("-p", value)]
    return shlex.join(["prefect", "deployment", "run", f"reproduce/{recipe}", *options])


def check_code(repository: Path, run: Run, outputs: Iterable[str]) -> None:
    """See that an experiment differs from a commit of HEAD's history in parameters and outputs only.

    Raises:
        InputError: it is of other code, or of a commit that others do not have.
    """
    if run.commit == run.revision:
        raise InputError(f"a published run requires an experiment. Received: {run.name}, which is none")
    check_ancestor(repository, run.commit)
    changed = [Path(name) for name in list_changed(repository, run.commit, run.revision)]
    # DVC keeps its own arguments in the last one.
    made = ("params.yaml", LOCK, *outputs, ".dvc/tmp/repro.dat")
    if others := [path.as_posix() for path in changed if not any(path.is_relative_to(name) for name in made)]:
        received = f"{run.name}, which has others: {', '.join(others)}"
        raise InputError(f"a published run requires the files of its commit, {run.commit[:12]}. Received: {received}")
