"""Published runs: folders of results/, each with the files of one recorded run and what ties them to their making."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from dvc.dvcfile import LOCK_FILE

from execution.git import check_repository
from execution.studies import STUDIES
from experiments.experiment import RevisionFiles, load_run
from experiments.output_digests import hash_output
from experiments.provenance import Evidence, check_code, gather_evidence
from experiments.publishing.model_card import compose_model_card
from experiments.recorded_run import Run, parse_object, read_run
from experiments.written_folder import written_folder
from pipeline.errors import InputError
from pipeline.outputs import write_json

RESULTS = Path("results")
RUNS = "runs"  # of a published study, in its folder
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
    """Read a folder that `publish_run` wrote, or one of a study's runs; the run has the folder's name.

    Raises:
        InputError: it is no such folder, or its files are not those that its dvc.lock has the digests of.
    """
    path = repository / folder
    if not path.is_dir():
        there = ", ".join(run.name for run in list_folders(repository)) or "none"
        raise InputError(f"{RESULTS}/ requires one of its runs: {there}. Received: {folder.name}")
    published = read_published(folder.as_posix(), lambda name: (path / name).read_bytes())
    run = published.run
    models = [f"models/{network}" for network in run.results]
    whole = ["reports", *list_published(run), *(name for name in models if (path / name).exists())]
    check_outputs(run, list_kept(run) if folder.parent.name == RUNS else whole, lambda name: hash_output(path / name))
    return published


def read_published(folder: str, read: Callable[[str], bytes]) -> Published:
    """Put a published run together; the run has its folder's name, and `read` gives a file in that.

    Raises:
        InputError: the folder holds no published run.
    """
    try:
        content = parse_object(read(EVIDENCE), Evidence._fields)
    except (OSError, ValueError) as error:
        raise InputError(f"{folder} requires {EVIDENCE}, as publishing writes it. Received: {error}") from error
    evidence = Evidence(*(content[field] for field in Evidence._fields))
    return Published(read_run(folder, evidence.revision, evidence.commit, read), evidence)


def check_outputs(run: Run, names: Iterable[str], find_digest: Callable[[str], str]) -> None:
    """See that outputs of a published run, by name, have the digests of its dvc.lock.

    Raises:
        InputError: one has not.
    """
    for name in names:
        required, received = run.digests.get(name), find_digest(name)
        if received != required:
            raise InputError(f"{run.name}/{name} requires the md5 of {LOCK_FILE}, {required}. Received: {received}")


def load_all(repository: Path) -> list[Published]:
    """All published runs, in order of their folders' names."""
    return [load_published(repository, folder) for folder in list_folders(repository)]


def list_folders(repository: Path) -> list[Path]:
    """The folders of the published runs in the repository, in order of their names."""
    return sorted(path.parent.relative_to(repository) for path in (repository / RESULTS).glob(f"*/{EVIDENCE}"))


def list_study_folders(repository: Path) -> list[Path]:
    """The folders of the runs that the published studies keep, in order of their names."""
    found = (repository / RESULTS / STUDIES).glob(f"*/{RUNS}/*/{EVIDENCE}")
    return sorted(path.parent.relative_to(repository) for path in found)


def list_published(run: Run) -> list[str]:
    """The files of a run's networks that are published."""
    names = {name: Path(name) for name in run.digests}
    return [name for name, path in names.items() if path.parts[0] in FOLDERS and path.stem in run.results]


def list_kept(run: Run) -> list[str]:
    """Those that a study publishes of each of its runs: what is small, and what tests of predictions need."""
    return [name for name in list_published(run) if not name.startswith("masks/") and not name.endswith(".npy")]


def publish_run(repository: Path, name: str, *, models: bool = False) -> Path:
    """Write the files of an experiment to results/<name>/, and give the folder.

    Args:
        repository: the project's.
        name: of the experiment, or its reference.
        models: whether its models are published too, some megabytes each, with a card of each.

    Raises:
        InputError: the experiment is not complete, is of no recipe, or not of the code of a commit that HEAD contains.
    """
    run = load_run(repository, name)
    run = run._replace(name=run.name.rpartition("/")[2])
    evidence = gather_evidence(repository, run)
    files = RevisionFiles(repository, run.revision)
    outputs = ["reports", *list_published(run), *(f"models/{network}" for network in run.results if models)]
    folder = RESULTS / run.name
    check_code(repository, run)
    with written_folder(repository / folder) as aside:
        names = [file for output in outputs for file in list_output(files, output)]
        write_published(aside, Published(run, evidence), names, files.read)
        load_published(repository, aside)
        for network in run.results if models else ():
            (aside / f"model-card-{network}.md").write_text(compose_model_card(run, evidence, network, folder))
    return folder


def list_output(files: RevisionFiles, output: str) -> list[str]:
    """The files of an output that is a folder; or its own name, also where it is missing: reading it will say so."""
    with suppress(FileNotFoundError):
        return [*files.list_output(output)] or [output]
    return [output]


def write_published(folder: Path, published: Published, names: Iterable[str], read: Callable[[str], bytes]) -> None:
    """Write files of a run, by their names in the project, and what ties them to their making, to a new folder.

    Raises:
        InputError: what reads them does not find one.
    """
    for name in ("params.yaml", LOCK_FILE, *names):
        try:
            content = read(name)
        except OSError as error:
            raise InputError(
                f"{published.run.name} requires all files of a run. Received: no {name} ({error})"
            ) from error
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    write_json(folder / EVIDENCE, published.evidence._asdict())
