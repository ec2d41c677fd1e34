"""The runs of cells that are there: published with a study, or recorded as experiments of the origin."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from dvc.dvcfile import LOCK_FILE

from execution.cells import find_current, find_finished
from execution.git import list_committed, read_committed
from execution.places import Places
from execution.plan import Plan
from execution.recorded_code import parse_lock
from execution.studies import STUDIES
from experiments.experiment import RevisionFiles, load_revision
from experiments.output_digests import hash_bytes
from experiments.publishing.published_run import RESULTS, RUNS, check_outputs, list_kept, read_published
from experiments.recorded_run import Run
from pipeline.errors import InputError
from pipeline.settings.params import read_recorded_params


class FoundCell(NamedTuple):
    """A cell's run.

    Attributes:
        run: what it recorded.
        read: gives the content of one of its files, by the name that it has in the project.
        published: whether it lies in results/studies/.
    """

    run: Run
    read: Callable[[str], bytes]
    published: bool


def find_cells(places: Places, plans: list[Plan]) -> dict[str, FoundCell]:
    """The current runs of cells of one commit, by experiment: those that the commit publishes, then the origin's.

    Raises:
        InputError: one is not complete, or is published with other files than it recorded.
        UnreachableError: the origin does not answer.
    """
    found = find_published(places.repository, plans)
    finished = find_finished(places, [plan for plan in plans if plan.experiment not in found])
    return found | {name: read_recorded(places.repository, name, revision) for name, revision in finished.items()}


def read_recorded(repository: Path, name: str, revision: str) -> FoundCell:
    """The run that an experiment's git commit holds; the errors are those of `find_cells`."""
    run = load_revision(repository, name, revision)
    return FoundCell(run, RevisionFiles(repository, revision).read, published=False)


def find_published(repository: Path, plans: list[Plan]) -> dict[str, FoundCell]:
    """The current runs of cells that their commit publishes; the errors are those of `find_cells`."""
    if not plans:
        return {}
    commit = plans[0].commit
    folders = list_published_cells(repository, commit)
    locks = {
        plan.experiment: {folder: read_lock(repository, commit, folder) for folder in folders[plan.experiment]}
        for plan in plans
        if plan.experiment in folders
    }
    current = find_current(repository, plans, locks)
    files = RevisionFiles(repository, commit)
    named = {plan.experiment: plan for plan in plans}
    return {name: read_cell(files, folder, named[name]) for name, folder in current.items()}


def list_published_cells(repository: Path, commit: str) -> dict[str, list[str]]:
    """The folders in which a commit publishes runs of studies, by experiment."""
    found: dict[str, list[str]] = {}
    studies = RESULTS / STUDIES
    for study in list_committed(repository, commit, studies.as_posix()):
        runs = studies / study / RUNS
        for name in list_committed(repository, commit, runs.as_posix()):
            found.setdefault(name, []).append((runs / name).as_posix())
    return found


def read_lock(repository: Path, commit: str, folder: str) -> str:
    """The text of a published run's dvc.lock; the errors are those of `find_cells`."""
    text = read_committed(repository, commit, f"{folder}/{LOCK_FILE}")
    try:
        parse_lock(text.encode())
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{folder}/{LOCK_FILE} is required as a run writes it. Received: {reason}") from error
    return text


def read_cell(files: RevisionFiles, folder: str, plan: Plan) -> FoundCell:
    """A cell's run from its folder in a commit, whose files are given; the errors are those of `find_cells`."""

    def read(name: str) -> bytes:
        return files.read(f"{folder}/{name}")

    def find_digest(name: str) -> str:
        try:
            return hash_bytes(read(name))
        except OSError:
            return "none"

    run = read_published(folder, read).run
    check_outputs(run, list_kept(run), find_digest)
    if run.params != read_recorded_params(plan.params, plan.experiment):
        raise InputError(f"{folder}/params.yaml requires the parameters of {plan.experiment}. Received: others")
    return FoundCell(run._replace(name=plan.experiment), read, published=True)
