"""What the runs of a study say of the differences and trends that it asks for."""

from collections.abc import Iterable
from statistics import mean
from typing import NamedTuple

from execution.studies import Study
from experiments.cells.study_results import Measured
from experiments.cells.study_statistics import LineTest, fit_line, foresee_half_width
from experiments.comparing.paired_tests import compare_models
from pipeline.evaluation.significance import SeedsTest, compare_seeds, estimate_superiority

CHANCE, BEYOND = "not beyond chance", "beyond chance"
ROUNDING = 1e-9  # of arithmetic, in points: equal values have a change of 0, and an interval of nothing


class Comparison(NamedTuple):
    """What the runs of two settings say of their difference.

    Attributes:
        first: name of the setting that the second is compared with.
        second: name of the other one.
        seeds: how many pairs of seeds the study asks for.
        change: of the test errors, paired by the seeds that both have; None without any.
        by_images: half the 95 % interval of the change of a single pair of models, by the test images alone, in points.
        superiority: how probable it is that a run of the second has a lower error than one of the first, by the runs of
            these seeds; None where they are fewer than two.
        published: the changes that others have, in points, by source.
    """

    first: str
    second: str
    seeds: int
    change: SeedsTest | None
    by_images: float | None
    superiority: float | None
    published: dict[str, float]

    @property
    def title(self) -> str:
        """The settings' names."""
        return f"{self.first} → {self.second}"

    @property
    def verdict(self) -> str:
        """What may be claimed: nothing where one seed was run, or where the interval holds 0."""
        return judge(self.change, "one pair of seeds")

    @property
    def foreseen(self) -> float | None:
        """Half the interval that all pairs of seeds would have, spread as these are.

        None where they are all, or fewer than three: two tell little of a spread.
        """
        change = self.change
        if change is None or change.half_width is None or not 2 < change.seeds < self.seeds:
            return None
        return foresee_half_width(change.half_width, change.seeds, self.seeds)

    def holds(self, points: float) -> bool | None:
        """Whether the interval by seeds holds a change; None where there is no interval."""
        if self.change is None or self.change.half_width is None:
            return None
        return abs(points - self.change.change) <= self.change.half_width


class Trend(NamedTuple):
    """How the test errors of a line of settings, or of two lines their difference, change along the study's axis.

    Attributes:
        lines: the line, or the two of which the second is compared with the first.
        change: by the straight line through them; None where fewer than two places have runs.
    """

    lines: list[str]
    change: LineTest | None

    @property
    def title(self) -> str:
        """The lines' names."""
        return " → ".join(self.lines)

    @property
    def verdict(self) -> str:
        """What may be claimed: nothing of two places, or where the interval holds 0."""
        return judge(self.change, "two places")


def judge(test: SeedsTest | LineTest | None, too_few: str) -> str:
    """What a test lets claim; `too_few` is of what no interval is made."""
    if test is None:
        return "not yet run"
    if test.half_width is None:
        return f"{too_few}, from which nothing is claimed"
    return BEYOND if abs(test.change) > test.half_width + ROUNDING else CHANCE


def compare_settings(study: Study, measured: Iterable[Measured]) -> list[Comparison]:
    """The comparisons that a study asks for."""
    by_name = {setting.setting.name: setting for setting in measured}
    return [compare_two(by_name[first], by_name[second]) for first, second in study.comparisons]


def compare_two(first: Measured, second: Measured) -> Comparison:
    """Two settings by their runs."""
    seeds = [seed for seed in first.runs if seed in second.runs]
    errors = [[setting.errors[seed] for seed in seeds] for setting in (first, second)]
    by_images = None
    if len(seeds) == 1:
        networks = (first.setting.network, second.setting.network)
        test = compare_models(first.runs[seeds[0]], second.runs[seeds[0]], *networks)
        by_images = test.half_width if test else None
    before, after = first.setting.published, second.setting.published
    return Comparison(
        first.setting.name,
        second.setting.name,
        seeds=len(first.plans.keys() & second.plans.keys()),
        change=compare_seeds(*errors) if seeds else None,
        by_images=by_images,
        superiority=estimate_superiority(*errors) if len(seeds) > 1 else None,
        published={source: after[source] - error for source, error in before.items() if source in after},
    )


def list_lines(measured: Iterable[Measured]) -> dict[str, dict[float, Measured]]:
    """The settings of each line that have runs, by place."""
    lines: dict[str, dict[float, Measured]] = {}
    for setting in measured:
        for line in setting.setting.lines:
            points = lines.setdefault(line, {})
            if setting.runs and setting.setting.at is not None:
                points[setting.setting.at] = setting
    return lines


def find_trends(study: Study, measured: Iterable[Measured]) -> list[Trend]:
    """The trends that a study asks for: of mean errors, or of two lines' differences by the seeds that both have."""
    lines = list_lines(measured)
    return [Trend(names, fit_line(list_values([lines[name] for name in names]))) for names in study.trends]


def list_values(lines: list[dict[float, Measured]]) -> dict[float, float]:
    """What is asked of one line or of two, by place."""
    if len(lines) == 1:
        return {at: mean(setting.errors.values()) for at, setting in lines[0].items()}
    changes = {at: compare_two(first, lines[1][at]).change for at, first in lines[0].items() if at in lines[1]}
    return {at: change.change for at, change in changes.items() if change}
