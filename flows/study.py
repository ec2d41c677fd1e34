"""Flow `study`: the runs of a study that are neither published nor at the origin, and its page."""

from prefect import flow, get_run_logger

from execution.git import find_commit
from execution.studies import list_plans, load_study, plan_study
from experiments.cells.study_page import write_study
from experiments.cells.study_results import measure_settings
from experiments.comparing.comparison import OUTPUT
from flows.artifacts import show_page
from flows.cells import check_complete, complete_cells
from flows.parent_watch import end_with_launcher
from flows.steps import open_places


@flow(flow_run_name="study {name}")
def study(name: str, commit: str = "HEAD", *, here: bool = False) -> str:
    """Run what is missing of a study, and show its page.

    Args:
        name: a file of studies/, without its ending.
        commit: a revision of the origin, or of the repository where the environment names none.
        here: run one after another in this flow run, instead of as runs of the deployment `reproduce/<recipe>`.

    Returns:
        The path of the page.
    """
    end_with_launcher()
    places = open_places(commit)
    found = find_commit(places.repository, commit)
    asked = load_study(places.repository, name, found)
    plans = plan_study(places.repository, asked, found)
    runs, lost = complete_cells(places, list_plans(plans), here=here)
    path = write_study(places.repository / OUTPUT / f"study-{name}", name, asked, measure_settings(asked, plans, runs))
    get_run_logger().info("%s", path)
    show_page(path.read_text(), f"study-{name}", asked.question)
    check_complete(lost)
    return str(path)
