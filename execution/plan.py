"""What a run will be, known to be possible before anything starts."""

from pathlib import Path
from typing import Any, NamedTuple

from execution.git import check_name, check_repository, find_commit, list_recipes, read_committed
from execution.recipe_changes import change_recipe, collect_changes, name_experiment
from pipeline.errors import InputError
from pipeline.settings.sections import Learning


class Plan(NamedTuple):
    """A run that is known to be possible: its commit, its experiment's name and its parameter file's text."""

    commit: str
    experiment: str
    params: str


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
        InputError: there is no such commit or recipe, the recipe does not allow the changes, or a branch or a tag has
            the experiment's name.
    """
    check_repository(repository)
    found = find_commit(repository, commit)
    recipes = list_recipes(repository, found)
    if recipe not in recipes:
        raise InputError(f"recipe requires one of {', '.join(recipes)}. Received: {recipe}")
    text = read_committed(repository, found, f"recipes/{recipe}.yaml")
    changes = collect_changes(learning, seed, networks, overrides)
    params = change_recipe(text, changes, f"recipe {recipe}")
    experiment = name_experiment(recipe, text, changes)
    check_name(repository, experiment)
    return Plan(found, experiment, params)
