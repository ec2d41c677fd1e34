"""The page of a study, made of its recorded runs: README.md, a picture, and its cells as JSON."""

from pathlib import Path
from statistics import mean

from matplotlib.figure import Figure

from execution.studies import Study
from experiments.cells.grid_hours import format_hours
from experiments.cells.study_claims import (
    BEYOND,
    CHANCE,
    Comparison,
    Trend,
    compare_settings,
    find_trends,
    list_lines,
)
from experiments.cells.study_results import Measured, describe_cell, list_cells
from experiments.publishing.published_studies import PAGE
from pipeline.evaluation.figures import save_figure
from pipeline.evaluation.markdown import Row, format_table, render_template
from pipeline.evaluation.tables import Column, show_means
from pipeline.outputs import write_json, written_aside

TEMPLATE = Path(__file__).with_name("study_page.md.j2")
PICTURE, CELLS = "errors.png", "cells.json"
COLUMNS = (
    Column("Train, %", "train_error_percent"),
    Column("Validation, %", "validation_error_percent"),
    Column("Test, %", "test_error_percent"),
)


def write_study(folder: Path, name: str, study: Study, measured: list[Measured], *, published: bool = False) -> Path:
    """Write the page of a study, with its picture and its cells, and give the page's path.

    Args:
        folder: is written whole, in place of what was there.
        name: of the study's file.
        study: what it holds.
        measured: its settings with their runs.
        published: whether the runs' files will lie beside it.
    """
    with written_aside(folder) as aside:
        aside.mkdir(parents=True)
        save_figure(draw_lines(study.axis, measured) if study.axis else draw_errors(measured), aside / PICTURE)
        write_json(aside / CELLS, {"study": name, "cells": [*map(describe_cell, list_cells(measured))]})
        (aside / PAGE).write_text(compose_page(name, study, measured, published=published))
    return folder / PAGE


def compose_page(name: str, study: Study, measured: list[Measured], *, published: bool) -> str:
    """The page, in Markdown; the arguments are those of `write_study`."""
    cells = list_cells(measured)
    comparisons, trends = compare_settings(study, measured), find_trends(study, measured)
    claims: list[Comparison | Trend] = [*comparisons, *trends]
    minutes = [run.results[network].timing["train_minutes"] for _, network, _, run in cells if run]
    return render_template(
        TEMPLATE,
        name=name,
        study=study,
        settings=format_table([*map(show_setting, measured)]),
        comparisons=comparisons,
        changes=format_table([*map(show_comparison, comparisons)]),
        trends=trends,
        judged=any(claim.verdict == CHANCE for claim in claims),
        beyond=[claim for claim in claims if claim.verdict == BEYOND],
        outside=[
            f"{comparison.title} {points:+.2f} ({source})"
            for comparison in comparisons
            for source, points in comparison.published.items()
            if comparison.holds(points) is False
        ],
        cells=cells,
        present=sum(1 for cell in cells if cell.run),
        published=published,
        hours=format_hours(sum(minutes) / 60),
        picture=PICTURE,
    )


def show_setting(measured: Measured) -> Row:
    """A setting's row: means ± standard deviations over its seeds, and what others have."""
    setting, numbers = measured.setting, [*measured.numbers.values()]
    shown = show_means(COLUMNS, numbers) if numbers else {column.heading: "not yet run" for column in COLUMNS}
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
    return {
        "Change": comparison.title,
        "Points": f"{change.change:+.2f}" if change else "–",
        "95 % interval by seeds": format_half_width(change and change.half_width),
        "by test images": format_half_width(comparison.by_images),
        "Pairs of seeds": str(change.seeds if change else 0),
        "One run of the second is better": "–" if superiority is None else f"{100 * superiority:.0f} %",
        "Published": "; ".join(f"{points:+.2f} ({source})" for source, points in comparison.published.items()) or "–",
    }


def format_half_width(value: float | None) -> str:
    """Half an interval, or a dash where there is none."""
    return "–" if value is None else f"± {value:.2f}"


def draw_errors(measured: list[Measured]) -> Figure:
    """The test error of each run, a row a setting, with their mean where they are several."""
    figure = Figure(figsize=(8, 1.2 + 0.45 * len(measured)), layout="constrained")
    axes = figure.subplots()
    for row, setting in enumerate(measured):
        errors = [*setting.errors.values()]
        axes.plot(errors, [row] * len(errors), "o", color="C0", alpha=0.6)
        if len(errors) > 1:
            axes.plot([sum(errors) / len(errors)], [row], "|", color="C1", markersize=18, markeredgewidth=3)
    axes.set_yticks(range(len(measured)), [setting.setting.name for setting in measured])
    axes.set(xlabel="test error, %", title="One dot a run, a bar their mean", ylim=(len(measured) - 0.5, -0.5))
    axes.grid(axis="x", alpha=0.3)
    return figure


def draw_lines(axis: str, measured: list[Measured]) -> Figure:
    """The lines of a study along its axis: the test error of each run, and a line through the means."""
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for number, (name, points) in enumerate(list_lines(measured).items()):
        for at, setting in points.items():
            axes.plot([at] * len(setting.errors), [*setting.errors.values()], "o", color=f"C{number}", alpha=0.6)
        means = [mean(points[at].errors.values()) for at in sorted(points)]
        axes.plot(sorted(points), means, color=f"C{number}", label=name)
    axes.set(xlabel=axis, ylabel="test error, %", title="One dot a run, lines through their means")
    axes.legend()
    axes.grid(alpha=0.3)
    return figure
