"""Compare two recorded runs: a page and its picture in comparisons/, and the tables of one or two runs."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from execution.recipe_changes import list_differences
from experiments.comparison_pictures import collect_histories, draw_pictures
from experiments.recorded_run import Run, list_networks
from pipeline.errors import InputError
from pipeline.evaluation.figures import draw_learning_curves, save_figure
from pipeline.evaluation.markdown import Row, format_change, format_table, render_template
from pipeline.evaluation.pages import render_page
from pipeline.evaluation.reference import FIGURES, find_figures
from pipeline.evaluation.significance import PairedTest, compare_predictions
from pipeline.evaluation.tables import RESULTS, tabulate_networks
from pipeline.outputs import written_aside

OUTPUT = Path("comparisons")
TEMPLATE = Path(__file__).with_name("comparison.md.j2")
PAGE_TEMPLATE = Path(__file__).with_name("comparison.html.j2")
PICTURE = "learning-curves.png"
PAIRED_NOTE = """\
Change: of the test error, from the first to the second, in points, with its 95 % interval. p: McNemar's exact test,
two-sided. Both are of these two models: they know nothing of other seeds."""


def write_comparison(repository: Path, first: Run, second: Run, *, html: bool = False) -> Path:
    """Write the page that compares two runs, with its picture, to comparisons/ in the repository, and give its path.

    Args:
        repository: the project's.
        first: the run that the second is compared with.
        second: of the same data.
        html: whether to write the page as comparison.html, too.

    Raises:
        InputError: they are of different data.
    """
    if first.dataset != second.dataset:
        runs = "; ".join(f"{run.name} on {run.dataset[0]} (sha256 {run.dataset[1]})" for run in (first, second))
        raise InputError(f"a comparison requires two runs on the same data. Received: {runs}")
    folder = repository / OUTPUT / f"{first.name}-{second.name}".replace("/", "-")
    histories = {run.name: collect_histories(run) for run in (first, second)}
    with written_aside(folder) as aside:
        aside.mkdir()
        save_figure(draw_learning_curves(histories), aside / PICTURE)
        (aside / "comparison.md").write_text(compose_comparison(first, second, PICTURE))
        if html:
            pictures = draw_pictures(first, second)
            page = render_page(PAGE_TEMPLATE, pictures=pictures, **collect_values(first, second))
            (aside / "comparison.html").write_text(page)
    return folder / "comparison.md"


def compose_comparison(first: Run, second: Run, picture: str = "") -> str:
    """The page, in Markdown, with the address of its picture where there is one."""
    values = collect_values(first, second)
    runs = [format_run(run) for run in (first, second)]
    return render_template(TEMPLATE, runs=runs, picture=picture, **values)


def collect_values(first: Run, second: Run) -> dict[str, Any]:
    """What a page that compares two runs says in words and tables."""
    dataset, sha256 = first.dataset
    published = dataset if dataset in FIGURES else "cifar10"
    return {
        "titles": [title_run(run) for run in (first, second)],
        "dataset": dataset,
        "sha256": sha256,
        "published": published,
        "errors": tabulate_errors(first, second, published),
        "paired_tests": tabulate_paired_tests(first, second, list_networks(first, second)),
        "paired_note": PAIRED_NOTE,
        "evidence": [format_evidence(run) for run in (first, second)],
        "differences": list_differences(first.params, second.params),
    }


def title_run(run: Run) -> str:
    """A run's name and its learning."""
    return f"{run.name} ({run.params.model.learning.upper()})"


def find_test_error(run: Run, network: str) -> float | None:
    """The test error in percent, or None where the run does not have the network."""
    return run.results[network].metrics.get("test_error_percent") if network in run.results else None


def tabulate_errors(first: Run, second: Run, published: str) -> list[Row]:
    """The test errors of two runs beside the figures that are published for a data set."""
    rows = []
    for network in list_networks(first, second):
        errors = find_test_error(first, network), find_test_error(second, network)
        figures = find_figures(published, network)
        rows.append(
            {
                "Network": network,
                title_run(first): errors[0],
                title_run(second): errors[1],
                "Change": format_change(*errors),
                "Paper: ARL": figures.paper_arl,
                "Paper: NAL": figures.paper_nal,
                "Paper: change": format_change(figures.paper_arl, figures.paper_nal),
                "Jay4869, training: ARL": figures.jay4869_arl,
                "Jay4869, training: NAL": figures.jay4869_nal,
            }
        )
    return rows


def tabulate_paired_tests(first: Run, second: Run, networks: Iterable[str]) -> list[Row]:
    """McNemar's test for each network that both runs have predictions of."""
    tests = {network: compare_models(first, second, network) for network in networks}
    return [
        {
            "Network": network,
            f"Only {first.name} right": test and test.only_first,
            f"Only {second.name} right": test and test.only_second,
            "Images": test and test.images,
            "Change": test and f"{test.change:+.2f} ± {test.half_width:.2f}",
            "p": test and f"{test.p_value:.2g}",
        }
        for network, test in tests.items()
    ]


def compare_models(first: Run, second: Run, network: str) -> PairedTest | None:
    """McNemar's test of two runs' models; None where one has no predictions.

    Raises:
        InputError: the predictions are of other images.
    """
    results = [run.results.get(network) for run in (first, second)]
    predictions = [result.predictions for result in results if result and result.predictions is not None]
    if len(predictions) < 2:
        return None
    one, other = predictions
    if not one["actual"].equals(other["actual"]):
        received = f"{first.name} and {second.name}, whose images of {network} have other classes"
        raise InputError(
            f"a paired test requires predictions of the same images in the same order. Received: {received}"
        )
    return compare_predictions(*((table["actual"] == table["predicted"]).to_numpy() for table in (one, other)))


def format_run(run: Run) -> str:
    """One run's errors and training times, under its title."""
    results = {network: result.numbers for network, result in run.results.items()}
    return f"## {title_run(run)}\n\n{format_table(tabulate_networks(RESULTS, results))}\n"


def format_evidence(run: Run) -> str:
    """What ties a run's numbers to what made them, as an item of a list."""
    machines = [result.machine for result in run.results.values()]
    versions = ", ".join(f"{name} {version}" for name, version in machines[0].get("libraries", {}).items())
    hardware = dict.fromkeys(f"{machine.get('device', '–')} ({machine.get('processor', '–')})" for machine in machines)
    params = run.params
    return (
        f"- {run.name}: commit `{run.commit}`, recorded as `{run.revision[:12]}` where it ran; "
        f"training seed {params.train.seed}, split seed {params.preprocess.seed}, n = 1; "
        f"{params.compute.backend} backend, {versions or '–'}; {' and '.join(hardware)}"
    )
