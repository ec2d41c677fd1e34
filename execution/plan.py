"""What a run will be, known to be possible before anything starts."""

import json
import shlex
from pathlib import Path
from typing import Any, NamedTuple

from execution.git import (
    check_name,
    check_repository,
    find_commit,
    list_recipes,
    name_reference,
    read_committed,
    run_git,
)
from execution.recipe_changes import change_recipe, collect_changes, name_experiment
from execution.recorded_code import PLAN, list_edited
from pipeline.errors import InputError
from pipeline.outputs import write_json
from pipeline.settings.plain_yaml import load_plain_yaml
from pipeline.settings.sections import Learning


class Plan(NamedTuple):
    """A run that is known to be possible.

    Attributes:
        recipe: a file of recipes/, without its ending.
        commit: whose code runs.
        arguments: others of the flow `reproduce`, as far as they were given.
        experiment: its name.
        params: the text of its parameter file.
    """

    recipe: str
    commit: str
    arguments: dict[str, Any]
    experiment: str
    params: str

    @property
    def network(self) -> str:
        """The only network of a plan that was given one."""
        (network,) = self.arguments["networks"]
        return str(network)

    def write(self, folder: Path) -> None:
        """Write what the experiment's other files do not tell, and the command that makes it again, to plan.json."""
        content = self._asdict() | {"command": self.compose_command()}
        del content["params"]
        write_json(folder / PLAN, content)

    def compose_command(self) -> str:
        """The command that makes the run again."""
        given = {"commit": self.commit, **self.arguments}
        words = [f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in given.items()]
        options = [option for word in words for option in ("-p", word)]
        return shlex.join(["prefect", "deployment", "run", f"reproduce/{self.recipe}", *options])


def plan_run(
    repository: Path,
    recipe: str,
    learning: Learning,
    seed: int | None = None,
    networks: list[str] | None = None,
    overrides: dict[str, Any] | None = None,
    commit: str = "HEAD",
) -> Plan:
    """Check a run's arguments, those of the flow `reproduce`, before anything starts.

    Raises:
        InputError: there is no such commit or recipe, the recipe does not allow the changes, a branch or a tag has the
            experiment's name, or an experiment of other parameters.
    """
    check_repository(repository)
    found = find_commit(repository, commit)
    text = read_recipe(repository, recipe, found)
    changes = collect_changes(learning, seed, networks, overrides)
    params = change_recipe(text, changes, f"recipe {recipe}")
    given = {"learning": learning, "seed": seed, "networks": networks, "overrides": overrides}
    arguments = {name: value for name, value in given.items() if value is not None}
    plan = Plan(recipe, found, arguments, name_experiment(recipe, text, params), params)
    check_name(repository, plan.experiment)
    check_replaced(repository, plan)
    return plan


def read_recipe(repository: Path, recipe: str, commit: str) -> str:
    """The text of a commit's recipe.

    Raises:
        InputError: there is none of this name.
    """
    recipes = list_recipes(repository, commit)
    if recipe not in recipes:
        raise InputError(f"recipe requires one of {', '.join(recipes)}. Received: {recipe}")
    return read_committed(repository, commit, f"recipes/{recipe}.yaml")


def check_replaced(repository: Path, plan: Plan) -> None:
    """See that an experiment that a run would go on from, and replace, is of the same code and parameters.

    Raises:
        InputError: it is not.
    """
    reference = name_reference(plan.commit, plan.experiment)
    if not run_git(repository, "for-each-ref", reference):
        return
    recorded = read_committed(repository, reference, "params.yaml")
    before, after = (load_plain_yaml(text, plan.experiment) for text in (recorded, plan.params))
    if before != after:
        other = "parameters"
    elif edited := list_edited(repository, plan.commit, reference):
        other = f"code ({', '.join(edited)})"
    else:
        return
    raise InputError(
        f"a run requires a name that no experiment of other {other} has. Received: {plan.experiment}, recorded "
        f"of the same commit; `dvc exp rename {plan.experiment} …` keeps it"
    )
