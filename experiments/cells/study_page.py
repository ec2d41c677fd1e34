"""The page of a study, made of its recorded runs: README.md, a picture, and its cells as JSON."""

from collections.abc import Iterator
from pathlib import Path

from execution.studies import Study
from experiments.cells.grid_hours import format_hours
from experiments.cells.study_claims import (
    BEYOND,
    CHANCE,
    SINGLE,
    Average,
    Claim,
    Comparison,
    Trend,
    compare_settings,
    find_trends,
    measure_spread,
)
from experiments.cells.study_picture import draw_study
from experiments.cells.study_results import Measured, describe_cell, list_cells
from experiments.provenance import format_training
from experiments.publishing.published_studies import PAGE
from experiments.written_folder import written_folder
from pipeline.evaluation.figures import save_figure
from pipeline.evaluation.markdown import Row, format_table, render_template
from pipeline.evaluation.tables import Column, show_means
from pipeline.outputs import write_json

TEMPLATE = Path(__file__).with_name("study_page.md.j2")
PICTURE, CELLS = "errors.png", "cells.json"
COLUMNS = (
    Column("Train, %", "train_error_percent"),
    Column("Validation, %", "validation_error_percent"),
    Column("Test, %", "test_error_percent"),
)
BY_CLEAN_LABELS = Column("Train by clean labels, %", "train_error_percent_by_clean_labels")


def write_study(folder: Path, name: str, study: Study, measured: list[Measured], *, published: bool = False) -> Path:
    """Write the page of a study, with its picture and its cells, and give the page's path.

    Args:
        folder: is written whole, in place of what was there.
        name: of the study's file.
        study: what it holds.
        measured: its settings with their runs.
        published: whether the runs' files will lie beside it.
    """
    claims = find_claims(study, measured)
    with written_folder(folder) as aside:
        if any(setting.runs for setting in measured):
            save_figure(draw_study(measured, claims, study.axis), aside / PICTURE)
        write_json(aside / CELLS, {"study": name, "cells": [*map(describe_cell, list_cells(measured))]})
        (aside / PAGE).write_text(compose_page(name, study, measured, claims, published=published))
    return folder / PAGE


def compose_page(name: str, study: Study, measured: list[Measured], claims: list[Claim], *, published: bool) -> str:
    """The page, in Markdown; the arguments are those of `write_study`, and what `find_claims` finds."""
    cells = list_cells(measured)
    comparisons = [claim for claim in claims if isinstance(claim, Comparison)]
    runs = [(cell.run, cell.network) for cell in cells if cell.run]
    noisy = any(BY_CLEAN_LABELS.key in run.results[network].numbers for run, network in runs)
    columns = (*COLUMNS, BY_CLEAN_LABELS) if noisy else COLUMNS
    return render_template(
        TEMPLATE,
        name=name,
        study=study,
        settings=format_table([show_setting(setting, columns) for setting in measured]),
        changes=format_table([*map(show_comparison, comparisons)]),
        trends=format_table([*map(show_trend, (claim for claim in claims if not isinstance(claim, Comparison)))]),
        judged=[claim for claim in claims if claim.verdict in (BEYOND, CHANCE)],
        beyond=[claim for claim in claims if claim.verdict == BEYOND],
        single=sum(1 for claim in comparisons if claim.verdict == SINGLE),
        outside=[
            f"{comparison.title} {points:+.2f} ({source})"
            for comparison in comparisons
            for source, points in comparison.published.items()
            if comparison.holds(points) is False
        ],
        spread=measure_spread(measured),
        noisy=noisy,
        training=format_training(run.params for run, _ in runs),
        datasets={run.dataset for run, _ in runs},
        cells=cells,
        present=len(runs),
        published=published,
        hours=format_hours(sum(run.results[network].timing["train_minutes"] for run, network in runs) / 60),
        picture=PICTURE,
    )


def find_claims(study: Study, measured: list[Measured]) -> list[Claim]:
    """All that a study asks for."""
    return [*compare_settings(study, measured), *find_trends(study, measured)]


def show_setting(measured: Measured, columns: tuple[Column, ...]) -> Row:
    """A setting's row: means ± standard deviations over its seeds, and what others have."""
    setting, numbers = measured.setting, [*measured.numbers.values()]
    shown = show_means(columns, numbers) if numbers else {column.heading: "not yet run" for column in columns}
    changes = ({} if setting.learning == "arl" else {"model.learning": setting.learning}) | setting.changes
    published = "; ".join(f"{error:.2f} ({source})" for source, error in setting.published.items())
    return {
        "Setting": setting.name,
        "Network": setting.network,
        "Differs by": ", ".join(f"`{name}: {value}`" for name, value in changes.items()) or "–",
        **shown,
        "Seeds": f"{', '.join(map(str, measured.runs)) or 'none'} (n = {len(numbers)} of {len(setting.seeds)})",
        "Minutes": show_range([found["train_minutes"] for found in numbers]),
        "Parameters": f"{numbers[0]['parameters']:,}" if numbers else "–",
        "Published": published or "–",
    }


def show_range(values: list[float]) -> str:
    """The least and the greatest of some values, or a dash without any."""
    return " to ".join(dict.fromkeys(f"{value:.1f}" for value in (min(values), max(values)))) if values else "–"


def show_comparison(comparison: Comparison) -> Row:
    """A comparison's row."""
    change, superiority = comparison.change, comparison.superiority
    pairs = change.seeds**2 if change else 0
    return {
        "Change": comparison.title,
        "Points": f"{change.change:+.2f}" if change else "–",
        "95 % interval by seeds": format_half_width(change and change.half_width),
        "by pooled spread": format_half_width(comparison.by_spread),
        "by test images": format_half_width(comparison.by_images),
        "Pairs of seeds": str(change.seeds if change else 0),
        "One run of the second is better": "–" if superiority is None else f"{superiority * pairs:g} of {pairs}",
        "Published": "; ".join(show_published(comparison)) or "–",
        "Verdict": comparison.verdict,
    }


def show_published(comparison: Comparison) -> Iterator[str]:
    """The changes that others have, and where there is an interval, whether they are inside of it."""
    for source, points in comparison.published.items():
        where = {None: "", True: ", inside", False: ", outside"}[comparison.holds(points)]
        yield f"{points:+.2f} ({source}){where}"


def show_trend(trend: Trend | Average) -> Row:
    """The row of what is asked along the axis."""
    change = trend.change
    if isinstance(trend, Trend):
        values = f"{trend.values} at {trend.change.places} places" if trend.change else str(trend.values)
    else:
        values = str(trend.change.seeds if trend.change else 0)
    return {
        "Along the axis": trend.title,
        "Points": f"{change.change:+.2f}" if change else "–",
        "95 % interval": format_half_width(change and change.half_width),
        "Runs, or pairs of them": values,
        "Verdict": trend.verdict,
    }


def format_half_width(value: float | None) -> str:
    """Half an interval, or a dash where there is none."""
    return "–" if value is None else f"± {value:.2f}"
