"""Flow `tables`: a recipe with ARL and with NAL, and their comparison."""

from typing import Any

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE

from execution.git import find_commit
from execution.places import find_places
from experiments.comparing.comparison import write_comparison
from experiments.experiment import load_run
from flows.artifacts import show_comparison
from flows.reproduce import Networks, name_flow_run, reproduce
from flows.steps import open_places
from pipeline.settings.strictness import Seed


@task(task_run_name="compare", cache_policy=NO_CACHE)
def compare(first: str, second: str, commit: str) -> str:
    """Compare two experiments of a commit, and give the path of the page."""
    repository = find_places().repository
    runs = load_run(repository, first, commit), load_run(repository, second, commit)
    path = write_comparison(repository, runs, html=True)
    show_comparison(*runs)
    get_run_logger().info("%s", path)
    return str(path)


@flow(flow_run_name=name_flow_run)
def tables(
    recipe: str = "demo",
    seed: Seed | None = None,
    networks: Networks | None = None,
    overrides: dict[str, Any] | None = None,
    commit: str = "HEAD",
) -> tuple[str, str, str]:
    """Run a recipe of a commit with ARL and with NAL, and compare them; the arguments are those of `reproduce`.

    Returns:
        The names of the two experiments, and the path of the page that compares them.
    """
    found = find_commit(open_places(commit).repository, commit)
    arl, nal = (reproduce(recipe, learning, seed, networks, overrides, found) for learning in ("arl", "nal"))
    return arl, nal, compare(arl, nal, found)
