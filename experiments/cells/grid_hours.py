"""About how long a grid's trainings will take, by what trainings of the same recipe and network have taken."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median

from execution.git import list_committed, read_committed
from execution.plan import Plan
from experiments.cells.found_cells import list_published_cells
from experiments.experiment import list_recorded
from experiments.publishing.published_run import RESULTS
from pipeline.errors import InputError
from pipeline.settings.params import read_recorded_params


def describe_hours(repository: Path, plans: list[Plan]) -> str:
    """The hours that cells take one after the other, in words; they say of which networks nothing is known."""
    networks = dict.fromkeys(plan.network for plan in plans)
    known = {network: find_epoch_minutes(repository, plans[0], network) for network in networks}
    minutes, count = 0.0, 0
    for plan in plans:
        if times := known[plan.network]:
            minutes += median(times) * read_recorded_params(plan.params, plan.experiment).train.epochs
            count += 1
    unknown = ", ".join(network for network, times in known.items() if not times)
    if not count:
        return f"their hours are not known, as no training of {unknown} by this recipe is recorded"
    cells = f"for {count} of them" if unknown else "in all"
    others = f"; none of {unknown} is recorded" if unknown else ""
    return f"about {format_hours(minutes / 60)} h {cells}, by recorded trainings{others}"


def format_hours(hours: float) -> str:
    """Hours with two digits that say something, or whole."""
    return f"{hours:.0f}" if hours >= 10 else f"{hours:.2g}"


def find_epoch_minutes(repository: Path, plan: Plan, network: str) -> list[float]:
    """What an epoch took, in minutes, in each training of a network by a plan's recipe that is recorded."""
    found = []
    for revision, folder in list_records(repository, plan):
        with suppress(InputError, ValueError, KeyError):  # no training of this network
            timing = json.loads(read_committed(repository, revision, f"{folder}timing/{network}.json"))
            params = read_recorded_params(read_committed(repository, revision, f"{folder}params.yaml"), revision)
            found.append(timing["train_minutes"] / params.train.epochs)
    return found


def list_records(repository: Path, plan: Plan) -> Iterator[tuple[str, str]]:
    """The recorded runs of a plan's recipe: revisions and folders in them, of experiments and of what is published."""
    of_recipe = re.compile(rf"{re.escape(plan.recipe)}-(arl|nal)(-.+)?")
    for revision, _, name in list_recorded(repository):
        if of_recipe.fullmatch(name):
            yield revision, ""
    for name in list_committed(repository, plan.commit, RESULTS.name):
        if of_recipe.fullmatch(name):
            yield plan.commit, f"{RESULTS.name}/{name}/"
    for name, folders in list_published_cells(repository, plan.commit).items():
        if of_recipe.fullmatch(name):
            yield from ((plan.commit, f"{folder}/") for folder in folders)
