"""Published runs: folders of results/, each with the files of one recorded run and what ties them to their making."""

from pathlib import Path
from typing import NamedTuple

from dvc.api import DVCFileSystem
from dvc.exceptions import DvcException

from execution.git import check_repository
from experiments.experiment import load_run
from experiments.output_digests import LOCK, hash_output, read_lock
from experiments.provenance import Evidence, check_code, gather_evidence
from experiments.recorded_run import Run, read_folder
from pipeline.errors import InputError
from pipeline.inputs import read_json
from pipeline.outputs import write_json, written_aside
from pipeline.settings.params import Params

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
# What results/README.md shows of each network beyond what a comparison does.
SHOWN = (
    "images_per_second",
    "test_calibration_error_percent",
    "test_error_percent_per_class",
    "test_error_percent_with_mirror_images",
)


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
    run = read_folder(folder.as_posix(), path, evidence.revision, evidence.commit)
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
