"""Compare two recorded runs: a page and its picture in comparisons/."""

from pathlib import Path

from experiments.comparison_page import compose_comparison
from experiments.recorded_run import Run
from pipeline.errors import InputError
from pipeline.evaluation.figures import draw_learning_curves
from pipeline.outputs import written_aside

OUTPUT = Path("comparisons")


def write_comparison(repository: Path, first: Run, second: Run) -> Path:
    """Write the page that compares two runs, with its picture, to comparisons/ in the repository, and give its path.

    Raises:
        InputError: they are of different data.
    """
    check_same_data(first, second)
    folder = repository / OUTPUT / f"{first.name}-{second.name}".replace("/", "-")
    histories = {
        run.name: {network: result.history for network, result in run.results.items()} for run in (first, second)
    }
    with written_aside(folder) as aside:
        aside.mkdir()
        draw_learning_curves(histories, aside / "learning-curves.png")
        picture = "\n## Learning curves\n\n![Learning curves](learning-curves.png)\n"
        (aside / "comparison.md").write_text(compose_comparison(first, second) + picture)
    return folder / "comparison.md"


def check_same_data(first: Run, second: Run) -> None:
    """See that all results are of one data set.

    Raises:
        InputError: they are not; it names the runs and their data.
    """
    if first.dataset != second.dataset:
        runs = "; ".join(f"{run.name} on {run.dataset[0]} (sha256 {run.dataset[1]})" for run in (first, second))
        raise InputError(f"a comparison requires two runs on the same data. Received: {runs}")
