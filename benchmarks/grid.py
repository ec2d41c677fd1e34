"""A grid on one worker and on two that share nothing but an origin and a DVC remote, and again with nothing to run."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from benchmarks.measurement import Row, Section
from benchmarks.prefect_server import serve, work
from benchmarks.processes import measure_command
from benchmarks.tiny_project import NETWORK, RECIPE, open_project
from execution.environment import FOLDERS
from execution.git import run_git
from execution.recipe_changes import change_recipe

NETWORKS, SEEDS, LEARNINGS = [NETWORK, "attention-56"], [0, 1], ["arl", "nal"]
CELLS = len(NETWORKS) * len(SEEDS) * len(LEARNINGS)
GRID = ("python", "-c", f"from flows.grid import grid; grid({RECIPE!r}, networks={NETWORKS}, seeds={SEEDS})")
TEXT = f"The grid has {CELLS} cells of tiny networks. A worker takes one run at a time; both are on the same processor."


class Times(NamedTuple):
    """Seconds that a grid takes, and that it takes once more."""

    first: float
    again: float


def measure() -> Section:
    """Run the grid on one worker, on two, and its cells by DVC alone; a quarter of an hour."""
    with open_project() as (project, env):
        one, two = (time_grid(project, env, workers) for workers in (1, 2))
        alone = time_repro(project, env)
    return Section(
        [
            Row("A grid of 2 × 2 × 2, two workers", "s", "one worker", [(two.first, one.first)], None),
            Row("The same again, nothing to run", "s", "", [(one.again, 0.0), (two.again, 0.0)], None),
            Row("A cell, one worker", "s", "`dvc repro`", [(one.first / CELLS, alone / CELLS)], None),
        ],
        TEXT,
    )


def time_grid(project: Path, env: dict[str, str], workers: int) -> Times:
    """Run the grid on machines that have nothing yet."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        run_git(project, "clone", "--quiet", "--bare", str(project), str(folder / "origin.git"))
        shared = {"RUNS_ORIGIN": f"file://{folder}/origin.git", "RUNS_REMOTE": str(folder / "remote")}
        machines = [env | FOLDERS | shared | {"RUNS_DIR": str(folder / str(number))} for number in range(workers + 1)]
        server = stack.enter_context(serve(project, machines[0]))
        for machine in machines[1:]:
            stack.enter_context(work(project, server.env | machine, "--limit", "1"))
        return Times(*(measure_command(GRID, project, server.env).seconds for _ in Times._fields))


def time_repro(project: Path, env: dict[str, str]) -> float:
    """Seconds of the cells one after the other, each by `dvc repro` in the workspace."""
    recipe, seconds = (project / f"recipes/{RECIPE}.yaml").read_text(), 0.0
    for network in NETWORKS:
        for seed in SEEDS:
            for learning in LEARNINGS:
                changes = {"networks": [network], "train.seed": seed, "model.learning": learning}
                (project / "params.yaml").write_text(change_recipe(recipe, changes, RECIPE))
                seconds += measure_command(("dvc", "repro"), project, env).seconds
    return seconds
