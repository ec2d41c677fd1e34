"""A clone of this repository, at HEAD, with a recipe whose stages take seconds; nothing of it is left."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from benchmarks.processes import ROOT
from execution.environment import FOLDERS
from execution.git import run_git
from execution.recipe_changes import change_recipe

RECIPE = "tiny"
NETWORK = "attention-mini"
CHANGES = {"networks": [NETWORK], "model.width": 0.0625, "train.epochs": 2}


@contextmanager
def open_project() -> Iterator[tuple[Path, dict[str, str]]]:
    """The clone's folder, and the environment in which commands touch nothing outside of it; it is this process' too.

    Its parameters are those of the recipe `tiny`: the demo with a smaller network.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project, env = folder / "project", isolate(folder)
        with patch.dict(os.environ, env):
            for variable in [variable for variable in os.environ if variable.startswith("PREFECT_")]:
                del os.environ[variable]
            run_git(folder, "clone", "--quiet", str(ROOT), str(project))
            text = change_recipe((project / "recipes/demo.yaml").read_text(), CHANGES, "recipe demo")
            for file in (f"recipes/{RECIPE}.yaml", "params.yaml"):
                (project / file).write_text(text)
            # The demo's record, of which a checkout would bring the data.
            (project / "dvc.lock").unlink()
            run_git(project, "add", "--all")
            run_git(project, "commit", "--quiet", "--message=with a tiny recipe")
            yield project, env


def isolate(folder: Path) -> dict[str, str]:
    """The places that commands write to, all in a folder."""
    identity = {f"GIT_{role}_{key}": "nobody" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
    project = folder / "project"
    return {
        **identity,
        **{variable: str(project / place) for variable, place in FOLDERS.items()},
        "HOME": str(folder),
        "PYTHONPATH": str(project),
        "DVC_SITE_CACHE_DIR": str(folder / "site"),
    }
