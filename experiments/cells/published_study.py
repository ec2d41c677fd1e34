"""Published studies: folders of results/studies/, each with a page and the runs that it was made of."""

from pathlib import Path

from execution.git import check_ancestor
from execution.places import Places
from execution.studies import STUDIES, list_plans, load_study, plan_study
from experiments.cells.found_cells import FoundCell, find_cells
from experiments.cells.study_page import write_study
from experiments.cells.study_results import list_cells, measure_settings
from experiments.provenance import Evidence
from experiments.publishing.published_run import RESULTS, RUNS, Published, list_kept, load_published, write_published
from experiments.written_folder import written_folder
from pipeline.errors import InputError, print_error


def publish_study(repository: Path, name: str) -> Path:
    """Write the page of a study and its runs, those recorded here or published by HEAD that HEAD would make the same.

    Published runs that it would not make the same go. Runs recorded of a commit that HEAD does not contain, as after a
    rebase, are left out and named on standard error.

    Returns:
        The study's folder in results/; once it is committed, later runs of the study find its runs there.

    Raises:
        InputError: there is no such study at HEAD, or no run of it; or one is not complete, or has other files than it
            recorded.
    """
    study = load_study(repository, name, "HEAD")
    plans = plan_study(repository, study, "HEAD")
    found = keep_contained(repository, find_cells(Places(repository), list_plans(plans)))
    if not found:
        raise InputError(f"a published study requires runs of HEAD's code and parameters. Received: {name}, without")
    measured = measure_settings(study, plans, {experiment: cell.run for experiment, cell in found.items()})
    folder = RESULTS / STUDIES / name
    with written_folder(repository / folder) as aside:
        write_study(aside, name, study, measured, published=True)
        for cell in list_cells(measured):
            if run := cell.run:
                evidence = Evidence(study.recipe, run.commit, run.revision, cell.compose_command(run))
                kept = aside / RUNS / run.name
                write_published(kept, Published(run, evidence), list_kept(run), found[run.name].read)
                load_published(repository, kept)
    return folder


def keep_contained(repository: Path, found: dict[str, FoundCell]) -> dict[str, FoundCell]:
    """The runs that are published, or recorded of a commit that whoever has HEAD has; the others are named."""
    kept = {}
    for name, cell in found.items():
        try:
            if not cell.published:
                check_ancestor(repository, cell.run.commit, name)
            kept[name] = cell
        except InputError as error:
            again = f"after `dvc exp remove {name}` the study records it again, from DVC's cache"
            print_error(f"left out: {error}; {again}")
    return kept
