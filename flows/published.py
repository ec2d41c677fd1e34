"""Published runs: folders of results/, each with the files of one recorded run and what ties them to their making."""

import json
import shlex
from pathlib import Path
from typing import NamedTuple

from dvc.api import DVCFileSystem
from dvc.exceptions import DvcException

from flows.recipes import change_recipe, collect_changes, name_experiment
from flows.record import hash_output, read_lock
from flows.repository import check_ancestor, check_repository, list_changed, list_recipes, read_committed
from flows.runs import Run, load_run, read_run
from pipeline.errors import InputError
from pipeline.inputs import read_json
from pipeline.outputs import write_json, written_aside
from pipeline.params import Params, check_params
from pipeline.plain_yaml import load_plain_yaml

RESULTS = Path("results")
EVIDENCE = "evidence.json"
LOCK = "dvc.lock"
# Of each network, as in the project; beside them params.yaml, dvc.lock with the digests of all outputs, and reports/.
OF_NETWORK = (
    "metrics/{}.json",
    "details/{}.json",
    "history/{}.csv",
    "predictions/{}.csv",
    "timing/{}.json",
    "machine/{}.json",
)
# What results/README.md shows of each network beyond what a comparison does.
SHOWN = (
    "images_per_second",
    "test_calibration_error_percent",
    "test_error_percent_per_class",
    "test_error_percent_with_mirror_images",
)


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


class Published(NamedTuple):
    """A published run."""

    run: Run
    evidence: Evidence


def find_run(repository: Path, name: str) -> Run:
    """A published run by its folder, or a recorded one by its name.

    Raises:
        InputError: there is none.
    """
    folder = Path(name)
    if folder.parts[:1] == RESULTS.parts or (repository / folder / EVIDENCE).is_file():
        return load_published(repository, folder).run
    check_repository(repository)
    return load_run(repository, name)


def load_published(repository: Path, folder: Path) -> Published:
    """Read a folder that `publish_run` wrote; the run has the folder's name.

    Raises:
        InputError: it is no such folder, or its files are not those that its dvc.lock has the digests of.
    """
    path = repository / folder
    content = read_json(path / EVIDENCE, *Evidence._fields)
    evidence = Evidence(*(content[field] for field in Evidence._fields))

    def read(name: str) -> str:
        try:
            return (path / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{folder} requires the files of a published run. Received: {error}") from error

    run = read_run(folder.as_posix(), evidence.revision, evidence.commit, read)
    check_files(path, run)
    return Published(run, evidence)


def check_files(path: Path, run: Run) -> None:
    """See that a published run's files have the digests that DVC recorded, and say what the pages show.

    Raises:
        InputError: one has another digest, is not there, or lacks a key.
    """
    digests = read_lock(path / LOCK)
    for name in ("reports", *name_files(run.params)):
        received = hash_output(path / name) if (path / name).exists() else "none"
        if received != digests.get(name):
            raise InputError(f"{path / name} requires the md5 of {LOCK}, {digests.get(name)}. Received: {received}")
    for network, result in run.results.items():
        if missing := [key for key in SHOWN if key not in {**result.details, **result.timing}]:
            raise InputError(f"{path}: {network} requires {', '.join(SHOWN)}. Received: none of {', '.join(missing)}")


def name_files(params: Params) -> list[str]:
    """The files of a run's networks that are published."""
    return [pattern.format(network) for network in params.networks for pattern in OF_NETWORK]


def publish_run(repository: Path, name: str) -> Path:
    """Write the files of an experiment to results/<name>/, and give the folder.

    Raises:
        InputError: the experiment is not complete, is of no recipe, or not of the code of a commit that HEAD contains.
    """
    run = load_run(repository, name)
    evidence = gather_evidence(repository, run)
    files = DVCFileSystem(repo=str(repository), rev=run.revision)
    reports = sorted(path.removeprefix("/") for path in files.find("reports"))
    folder = RESULTS / name
    with written_aside(repository / folder) as aside:
        for file in ("params.yaml", LOCK, *reports, *name_files(run.params)):
            (aside / file).parent.mkdir(parents=True, exist_ok=True)
            try:
                (aside / file).write_bytes(files.read_bytes(file))
            except (OSError, DvcException) as error:
                raise InputError(f"{name} requires all files of a run. Received: no {file}") from error
        check_code(repository, run, read_lock(aside / LOCK))
        check_files(aside, run)
        write_json(aside / EVIDENCE, evidence._asdict())
    return folder


def check_code(repository: Path, run: Run, digests: dict[str, str]) -> None:
    """See that an experiment differs from a commit of HEAD's history in parameters and outputs only.

    Raises:
        InputError: it is of other code, or of a commit that others do not have.
    """
    if run.commit == run.revision:
        raise InputError(f"a published run requires an experiment. Received: {run.name}, which is none")
    check_ancestor(repository, run.commit)
    changed = [Path(name) for name in list_changed(repository, run.commit, run.revision)]
    # DVC keeps its own arguments in the last one.
    made = ("params.yaml", LOCK, *digests, ".dvc/tmp/repro.dat")
    if others := [path.as_posix() for path in changed if not any(path.is_relative_to(name) for name in made)]:
        received = f"{run.name}, which has others: {', '.join(others)}"
        raise InputError(f"a published run requires the files of its commit, {run.commit[:12]}. Received: {received}")


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
                check_params(load_plain_yaml(content.encode(), recipe), recipe)
                for content in (text, change_recipe(text, changes, recipe))
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
