"""Compare recorded runs, two or more: a page and its pictures in comparisons/."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from execution.recipe_changes import list_differences
from experiments.comparing.comparison_pictures import collect_histories, draw_pictures
from experiments.comparing.paired_tests import PAIRED_NOTE, SEEDS_NOTE, list_paired_tests, pair_runs, tabulate_seeds
from experiments.provenance import format_evidence
from experiments.recorded_run import Run, list_networks
from experiments.seeds import (
    Seeds,
    compare_pairs,
    format_errors,
    format_seeds_test,
    group_by_setting,
    list_errors,
    take_first,
    title_setting,
)
from experiments.written_folder import written_folder
from pipeline.errors import InputError
from pipeline.evaluation.figures import draw_learning_curves, save_figure
from pipeline.evaluation.markdown import Row, format_change, format_table, render_template
from pipeline.evaluation.pages import render_page
from pipeline.evaluation.reference import FIGURES, Figures, find_figures
from pipeline.evaluation.tables import RESULTS, tabulate_networks

OUTPUT = Path("comparisons")
TEMPLATE = Path(__file__).with_name("comparison.md.j2")
PAGE_TEMPLATE = Path(__file__).with_name("comparison.html.j2")
PICTURE = "learning-curves.png"
LONGEST_NAME = 120  # of a folder; a longer one is cut, and ends with its digest


def write_comparison(repository: Path, runs: Sequence[Run], *, html: bool = False) -> Path:
    """Write the page that compares runs, with its picture, to comparisons/ in the repository, and give its path.

    Runs whose parameters differ by the training seed only are one setting: the mean of its errors is shown.

    Args:
        repository: the project's.
        runs: two or more, of the same data; in their order.
        html: whether to write the page as comparison.html, too.

    Raises:
        InputError: there are fewer, one is given twice, or they are of different data.
    """
    check_comparable(runs)
    settings = group_by_setting(runs)
    folder = repository / OUTPUT / name_folder(runs)
    with written_folder(folder) as aside:
        save_figure(draw_learning_curves(collect_histories(settings)), aside / PICTURE)
        (aside / "comparison.md").write_text(compose_comparison(runs, PICTURE))
        if html:
            page = render_page(PAGE_TEMPLATE, pictures=draw_pictures(settings), **collect_values(runs))
            (aside / "comparison.html").write_text(page)
    return folder / "comparison.md"


def check_comparable(runs: Sequence[Run]) -> None:
    """See that a page can compare these runs.

    Raises:
        InputError: there are fewer than two, one is given twice, or they are of different data.
    """
    if len(runs) < 2:
        raise InputError(f"a comparison requires two runs or more. Received: {', '.join(run.name for run in runs)}")
    ((revision, count), *_) = Counter(run.revision for run in runs).most_common(1)
    if count > 1:
        names = " and ".join(run.name for run in runs if run.revision == revision)
        raise InputError(f"a comparison requires runs that are not the same. Received: {names}, both {revision[:12]}")
    if len({run.dataset for run in runs}) > 1:
        received = "; ".join(f"{run.name} on {run.dataset[0]} (sha256 {run.dataset[1]})" for run in runs)
        raise InputError(f"a comparison requires runs on the same data. Received: {received}")


def name_folder(runs: Sequence[Run]) -> str:
    """The names of the runs as that of a folder."""
    name = "-".join(run.name for run in runs).replace("/", "-")
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[:LONGEST_NAME]}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def compose_comparison(runs: Sequence[Run], picture: str = "") -> str:
    """The page, in Markdown, with the address of its picture where there is one."""
    tables = [format_run(run) for run in runs]
    return render_template(TEMPLATE, runs=tables, picture=picture, **collect_values(runs))


def collect_values(runs: Sequence[Run]) -> dict[str, Any]:
    """What a page that compares runs says in words and tables."""
    settings = group_by_setting(runs)
    dataset, sha256 = runs[0].dataset
    published = dataset if dataset in FIGURES else "cifar10"
    titles = [title_setting(seeds) for seeds in settings]
    return {
        "title": " and ".join(titles) if len(titles) < 3 else f"{titles[0]} and {len(titles) - 1} others",
        "dataset": dataset,
        "sha256": sha256,
        "published": published,
        "several_seeds": any(len(seeds) > 1 for seeds in settings),
        "errors": tabulate_errors(settings, published),
        "seeds": tabulate_seeds(settings),
        "seeds_note": SEEDS_NOTE,
        "paired_tests": list(list_paired_tests(settings)),
        "paired_note": PAIRED_NOTE,
        "evidence": [format_evidence(run) for run in runs],
        "commits": list(dict.fromkeys(run.commit[:12] for run in runs)),
        "differences": list_differences(*(take_first(seeds).params for seeds in settings)),
    }


def tabulate_errors(settings: list[Seeds], published: str) -> list[Row]:
    """The test errors of each setting beside the figures that are published for a data set; of two, the change too."""
    rows = []
    comparable = any(take_first(seeds).params.compare_with_published for seeds in settings)
    for network in list_networks(*map(take_first, settings)):
        errors = {title_setting(seeds): format_errors(list_errors(seeds.values(), network)) for seeds in settings}
        change = {}
        if len(settings) == 2:
            change["Change"] = format_seeds_test(compare_pairs(pair_runs(*settings), network))
        figures = find_figures(published, network) if comparable else Figures()
        rows.append(
            {
                "Network": network,
                **errors,
                **change,
                "Paper: ARL": figures.paper_arl,
                "Paper: NAL": figures.paper_nal,
                "Paper: ARL → NAL": format_change(figures.paper_arl, figures.paper_nal),
                "Jay4869, training: ARL": figures.jay4869_arl,
                "Jay4869, training: NAL": figures.jay4869_nal,
            }
        )
    return rows


def format_run(run: Run) -> str:
    """One run's errors and training times, under its title."""
    results = {network: result.numbers for network, result in run.results.items()}
    return f"## {title_setting({run.params.train.seed: run})}\n\n{format_table(tabulate_networks(RESULTS, results))}\n"
