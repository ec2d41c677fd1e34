"""Published runs: folders of results/, each with the files of one recorded run and what ties them to their making."""

import json
import shlex
from pathlib import Path
from typing import Any, NamedTuple

from dvc.api import DVCFileSystem
from dvc.exceptions import DvcException

from flows.recipes import ARGUMENTS, list_differences
from flows.repository import check_ancestor, list_recipes, read_committed
from flows.runs import Run, load_run, read_run
from pipeline.errors import InputError
from pipeline.inputs import read_json
from pipeline.outputs import write_json, written_aside
from pipeline.params import check_params
from pipeline.plain_yaml import load_plain_yaml

RESULTS = Path("results")
EVIDENCE = "evidence.json"
# Of each network, as in the project; beside them params.yaml, dvc.lock with the digests of all outputs, and reports/.
OF_NETWORK = (
    "metrics/{}.json",
    "details/{}.json",
    "history/{}.csv",
    "predictions/{}.csv",
    "timing/{}.json",
    "machine/{}.json",
)


class Evidence(NamedTuple):
    """What ties a published run to its making, beside its own files.

    Attributes:
        recipe: whose run it is.
        overrides: parameters other than the recipe's, by dotted key, but for learning, seed and networks.
        commit: that was run.
        revision: the git commit that recorded the run where it was made.
        command: that makes the run again.
    """

    recipe: str
    overrides: dict[str, Any]
    commit: str
    revision: str
    command: str


class Published(NamedTuple):
    """A published run."""

    run: Run
    evidence: Evidence


def find_run(repository: Path, name: str) -> Run:
    """A published run by its folder, or a recorded one by its name.

    Raises:
        InputError: there is none.
    """
    if (repository / name / EVIDENCE).is_file():
        return load_published(repository, Path(name)).run
    return load_run(repository, name)


def load_published(repository: Path, folder: Path) -> Published:
    """Read a folder that `publish_run` wrote; the run has the folder's name.

    Raises:
        InputError: it is no such folder.
    """
    path = repository / folder
    evidence = Evidence(**read_json(path / EVIDENCE, *Evidence._fields))

    def read(name: str) -> str:
        try:
            return (path / name).read_text(encoding="utf-8")
        except OSError as error:
            raise InputError(f"{folder} requires the files of a published run. Received: {error}") from error

    return Published(read_run(folder.as_posix(), evidence.revision, evidence.commit, read), evidence)


def publish_run(repository: Path, name: str) -> Path:
    """Write the files of an experiment to results/<name>/, and give the folder.

    Raises:
        InputError: the experiment is not complete, is of no recipe, or of a commit that HEAD does not contain.
    """
    run = load_run(repository, name)
    check_ancestor(repository, run.commit)
    files = DVCFileSystem(repo=str(repository), rev=run.revision)
    names = ["params.yaml", "dvc.lock", *sorted(path.removeprefix("/") for path in files.find("reports"))]
    names += [pattern.format(network) for network in run.params.networks for pattern in OF_NETWORK]
    folder = RESULTS / name
    with written_aside(repository / folder) as aside:
        for file in names:
            (aside / file).parent.mkdir(parents=True, exist_ok=True)
            try:
                (aside / file).write_bytes(files.read_bytes(file))
            except (OSError, DvcException) as error:
                raise InputError(f"{name} requires all files of a run. Received: no {file}") from error
        write_json(aside / EVIDENCE, gather_evidence(repository, run)._asdict())
    return folder


def gather_evidence(repository: Path, run: Run) -> Evidence:
    """What ties a recorded run to its making.

    Raises:
        InputError: its name is not that of a recipe's run.
    """
    learning = run.params.model.learning
    recipes = [
        recipe for recipe in list_recipes(repository, run.commit) if f"{run.name}-".startswith(f"{recipe}-{learning}-")
    ]
    if not recipes:
        raise InputError(f"a published run requires a name <recipe>-{learning}…. Received: {run.name}")
    recipe = max(recipes, key=len)
    text = read_committed(repository, run.commit, f"recipes/{recipe}.yaml")
    original = check_params(load_plain_yaml(text.encode(), recipe), recipe)
    changes = {key: value for key, (_, value) in list_differences(original, run.params).items()}
    overrides = {key: value for key, value in changes.items() if key not in ARGUMENTS}
    given: dict[str, Any] = {"commit": run.commit, "learning": learning}
    given |= {argument: changes[key] for key, argument in ARGUMENTS.items() if key in changes}
    given |= {"overrides": overrides} if overrides else {}
    command = ["prefect", "deployment", "run", f"reproduce/{recipe}"]
    for key, value in given.items():
        command += ["-p", f"{key}={value if isinstance(value, str) else json.dumps(value)}"]
    return Evidence(recipe, overrides, run.commit, run.revision, shlex.join(command))
