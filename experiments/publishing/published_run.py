"""Published runs: folders of results/, each with the files of one recorded run and what ties them to their making."""

from pathlib import Path
from typing import NamedTuple

from dvc.api import DVCFileSystem

from execution.git import check_repository
from experiments.experiment import load_run
from experiments.output_digests import LOCK, hash_output
from experiments.provenance import Evidence, check_code, gather_evidence
from experiments.publishing.model_card import compose_model_card
from experiments.recorded_run import UNREADABLE, Run, read_folder
from pipeline.errors import InputError
from pipeline.inputs import read_json
from pipeline.outputs import write_json, written_aside

RESULTS = Path("results")
EVIDENCE = "evidence.json"
# Of the project, with files of each network: of a run, those are published that its dvc.lock names.
FOLDERS = ("metrics", "details", "history", "predictions", "masks", "timing", "machine")


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
    if not path.is_dir():
        there = ", ".join(run.name for run in list_folders(repository)) or "none"
        raise InputError(f"{RESULTS}/ requires one of its runs: {there}. Received: {folder.name}")
    content = read_json(path / EVIDENCE, *Evidence._fields)
    evidence = Evidence(*(content[field] for field in Evidence._fields))
    run = read_folder(folder.as_posix(), path, evidence.revision, evidence.commit)
    models = [f"models/{network}" for network in run.results]
    for name in ("reports", *list_published(run), *(name for name in models if (path / name).exists())):
        required, received = run.digests.get(name), hash_output(path / name)
        if received != required:
            raise InputError(f"{path / name} requires the md5 of {LOCK}, {required}. Received: {received}")
    return Published(run, evidence)


def load_all(repository: Path) -> list[Published]:
    """All published runs, in order of their folders' names."""
    return [load_published(repository, folder) for folder in list_folders(repository)]


def list_folders(repository: Path) -> list[Path]:
    """The folders of the published runs in the repository, in order of their names."""
    return sorted(path.parent.relative_to(repository) for path in (repository / RESULTS).glob(f"*/{EVIDENCE}"))


def list_published(run: Run) -> list[str]:
    """The files of a run's networks that are published."""
    names = {name: Path(name) for name in run.digests}
    return [name for name, path in names.items() if path.parts[0] in FOLDERS and path.stem in run.results]


def publish_run(repository: Path, name: str, *, models: bool = False) -> Path:
    """Write the files of an experiment to results/<name>/, and give the folder.

    Args:
        repository: the project's.
        name: of the experiment.
        models: whether its models are published too, some megabytes each, with a card of each.

    Raises:
        InputError: the experiment is not complete, is of no recipe, or not of the code of a commit that HEAD contains.
    """
    run = load_run(repository, name)
    evidence = gather_evidence(repository, run)
    files = DVCFileSystem(repo=str(repository), rev=run.revision)
    names = ["params.yaml", LOCK, "reports", *list_published(run)]
    names += [f"models/{network}" for network in run.results if models]
    folder = RESULTS / name
    check_code(repository, run, run.digests)
    with written_aside(repository / folder) as aside:
        for output in names:
            try:
                copy_output(files, output, aside)
            except UNREADABLE as error:
                raise InputError(f"{name} requires all files of a run. Received: no {output}") from error
        write_json(aside / EVIDENCE, evidence._asdict())
        load_published(repository, aside)
        for network in run.results if models else ():
            (aside / f"model-card-{network}.md").write_text(compose_model_card(run, evidence, network, folder))
    return folder


def copy_output(files: DVCFileSystem, output: str, folder: Path) -> None:
    """Copy a run's file, or its folder with all files, to its place in another folder.

    Raises:
        Exception: one of `UNREADABLE`.
    """
    found = [path.removeprefix("/") for path in files.find(output)]
    for file in found or [output]:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(files.read_bytes(file))
