"""Published studies: folders of results/studies/, each with a page and what it was made of."""

from pathlib import Path

from execution.cells import find_finished
from execution.places import Places
from execution.studies import STUDIES, list_plans, load_study, plan_study
from experiments.cells.grid_table import read_cells
from experiments.cells.study_page import write_study
from experiments.cells.study_results import measure_settings
from experiments.publishing.published_run import RESULTS
from pipeline.errors import InputError


def publish_study(repository: Path, name: str) -> Path:
    """Write the page of a study, of the runs recorded here that HEAD would make the same, and give its folder.

    Raises:
        InputError: there is no such study at HEAD, or no run of it.
    """
    study = load_study(repository, name, "HEAD")
    plans = plan_study(repository, study, "HEAD")
    runs = read_cells(repository, find_finished(Places(repository), list_plans(plans)))
    if not runs:
        raise InputError(f"a published study requires runs of HEAD's code and parameters. Received: {name}, without")
    folder = RESULTS / STUDIES / name
    write_study(repository / folder, name, study, measure_settings(study, plans, runs))
    return folder
