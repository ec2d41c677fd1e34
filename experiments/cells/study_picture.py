"""The picture of a study: the test errors of its runs, and the changes that it asks for with their intervals."""

from statistics import mean

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.cells.study_claims import Claim, Comparison, list_lines
from experiments.cells.study_results import Measured
from experiments.cells.study_statistics import LineTest
from pipeline.evaluation.significance import SeedsTest

ROW, LINES = 0.4, 3.5  # heights in inches: of a row, and of a panel of lines
TITLE = "Changes with 95 % intervals\ndashed: by test images alone; ×: published"


def draw_study(measured: list[Measured], claims: list[Claim], axis: str | None) -> Figure:
    """Above, the test error of each run: along the study's axis, or a row a setting; below, the changes, where any is.

    Args:
        measured: the study's settings; one without runs is left out, but not all are.
        claims: whose changes are drawn, where there are any.
        axis: the study's; None without one.
    """
    run = [setting for setting in measured if setting.runs]
    changed = [(claim, claim.change) for claim in claims if claim.change]
    heights = [LINES if axis else 1 + ROW * len(run), *([1 + ROW * len(changed)] if changed else [])]
    figure = Figure(figsize=(8, sum(heights)), layout="constrained")
    errors, *changes = figure.subplots(len(heights), height_ratios=heights, squeeze=False)[:, 0]
    if axis:
        draw_lines(errors, axis, run)
    else:
        draw_rows(errors, run)
    for axes in changes:
        draw_changes(axes, changed)
    return figure


def draw_rows(axes: Axes, measured: list[Measured]) -> None:
    """The test error of each run, a row a setting, with their mean where they are several."""
    for row, setting in enumerate(measured):
        errors = [*setting.errors.values()]
        axes.plot(errors, [row] * len(errors), "o", color="C0", alpha=0.6)
        if len(errors) > 1:
            axes.plot([mean(errors)], [row], "|", color="C1", markersize=18, markeredgewidth=3)
    name_rows(axes, [setting.setting.name for setting in measured])
    axes.set(xlabel="test error, %", title="One dot a run, a bar their mean")


def draw_lines(axes: Axes, axis: str, measured: list[Measured]) -> None:
    """The lines of a study along its axis: the test error of each run, and a line through the means."""
    for number, (name, points) in enumerate(list_lines(measured).items()):
        for at, setting in points.items():
            axes.plot([at] * len(setting.errors), [*setting.errors.values()], "o", color=f"C{number}", alpha=0.6)
        means = [mean(points[at].errors.values()) for at in sorted(points)]
        axes.plot(sorted(points), means, color=f"C{number}", label=name)
    axes.set(xlabel=axis, ylabel="test error, %", title="One dot a run, lines through their means")
    axes.legend()
    axes.grid(alpha=0.3)


def draw_changes(axes: Axes, changes: list[tuple[Claim, SeedsTest | LineTest]]) -> None:
    """A row a change, with its 95 % interval: by the runs, or dashed, of a single pair, by the test images."""
    axes.axvline(0, color="black", linewidth=1)
    for row, (claim, test) in enumerate(changes):
        by_images = None
        if isinstance(claim, Comparison):
            axes.plot([*claim.published.values()], [row] * len(claim.published), "x", color="C1")
            by_images = claim.by_images
        for half, style in ((test.half_width, "solid"), (by_images, "dashed")):
            if half is not None:
                axes.hlines(row, test.change - half, test.change + half, color="C0", linestyle=style)
        axes.plot([test.change], [row], "o", color="C0")
    name_rows(axes, [claim.title for claim, _ in changes])
    axes.set(xlabel="change of the test error, points", title=TITLE)


def name_rows(axes: Axes, names: list[str]) -> None:
    """Rows from above, each with its name."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="x", alpha=0.3)
