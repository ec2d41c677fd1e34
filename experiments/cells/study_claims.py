"""What the runs of a study say of the differences and trends that it asks for."""

from collections.abc import Iterable
from typing import NamedTuple

from execution.studies import Study
from experiments.cells.study_results import Measured
from experiments.cells.study_statistics import LineTest, Spread, fit_line, pool_spread
from experiments.comparing.paired_tests import compare_models
from pipeline.evaluation.significance import SeedsTest, compare_seeds, estimate_superiority

CHANCE, BEYOND, SINGLE = "not beyond chance", "beyond chance", "one pair: not judged"
ROUNDING = 1e-9  # of arithmetic, in points: equal values have a change of 0, and an interval of nothing


class Comparison(NamedTuple):
    """What the runs of two settings say of their difference.

    Attributes:
        first: name of the setting that the second is compared with.
        second: name of the other one.
        planned: how many pairs of seeds the study asks for.
        change: of the test errors, paired by the seeds that both have; None without any.
        by_images: half the 95 % interval of the change of a single pair of models, by the test images alone, in points.
        by_spread: half the 95 % interval of the change of several pairs, by the spread of all settings.
        superiority: how probable it is that a run of the second has a lower error than one of the first, by the runs of
            these seeds; None where they are fewer than two.
        published: the changes that others have, in points, by source.
    """

    first: str
    second: str
    planned: int
    change: SeedsTest | None
    by_images: float | None
    by_spread: float | None
    superiority: float | None
    published: dict[str, float]

    @property
    def title(self) -> str:
        """The settings' names."""
        return f"{self.first} → {self.second}"

    @property
    def verdict(self) -> str:
        """What may be claimed: nothing of one pair, before all that were planned, or where the interval holds 0."""
        if self.change and 1 < self.change.seeds < self.planned:
            return f"{self.change.seeds} of {self.planned} pairs: not yet judged"
        return judge(self.change, SINGLE)

    def holds(self, points: float) -> bool | None:
        """Whether the wider interval of several pairs, which may agree by chance, holds a change; None without one."""
        if self.change is None or self.change.half_width is None:
            return None
        return abs(points - self.change.change) <= max(self.change.half_width, self.by_spread or 0)


class Trend(NamedTuple):
    """How the test errors of a line of settings, or of two lines their difference, change along the study's axis.

    Attributes:
        lines: the line, or the two of which the second is compared with the first.
        values: how many runs there are, or pairs of them.
        change: by the straight line through all of these; None where they are at fewer than two places.
    """

    lines: list[str]
    values: int
    change: LineTest | None

    @property
    def title(self) -> str:
        """The lines' names, and from where to where."""
        where = f"from {self.change.first:g} to {self.change.last:g}" if self.change else "along the axis"
        return f"{' → '.join(self.lines)}, {where}"

    @property
    def verdict(self) -> str:
        """What may be claimed: nothing of one place or of two values, or where the interval holds 0."""
        if self.values and not self.change:
            return "one place: not judged"
        return judge(self.change, "two values: not judged")


class Average(NamedTuple):
    """What two lines of settings differ by on the average of the places that both have.

    Attributes:
        lines: of which the second is compared with the first.
        change: of the test errors, paired by place and seed; None without any pair.
    """

    lines: list[str]
    change: SeedsTest | None

    @property
    def title(self) -> str:
        """The lines' names."""
        return " → ".join(self.lines) + ", on average"

    @property
    def verdict(self) -> str:
        """What may be claimed: nothing of one pair, or where the interval holds 0."""
        return judge(self.change, SINGLE)


Claim = Comparison | Trend | Average


def judge(test: SeedsTest | LineTest | None, too_few: str) -> str:
    """What a test lets claim; `too_few` where it has no interval."""
    if test is None:
        return "not yet run"
    if test.half_width is None:
        return too_few
    return BEYOND if abs(test.change) > test.half_width + ROUNDING else CHANCE


def compare_settings(study: Study, measured: Iterable[Measured]) -> list[Comparison]:
    """The comparisons that a study asks for."""
    by_name = {setting.setting.name: setting for setting in measured}
    spread = measure_spread(by_name.values())
    return [compare_two(by_name[first], by_name[second], spread) for first, second in study.comparisons]


def measure_spread(measured: Iterable[Measured]) -> Spread | None:
    """The spread between the seeds of all settings; those that share their runs are one."""
    distinct = {tuple(run.name for run in setting.runs.values()): setting for setting in measured}
    return pool_spread([*setting.errors.values()] for setting in distinct.values())


def compare_two(first: Measured, second: Measured, spread: Spread | None) -> Comparison:
    """Two settings by their runs, and by the spread of all settings' runs."""
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
        planned=len(first.plans.keys() & second.plans.keys()),
        change=compare_seeds(*errors) if seeds else None,
        by_images=by_images,
        by_spread=spread.bound_change(len(seeds)) if spread and len(seeds) > 1 else None,
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


def find_trends(study: Study, measured: Iterable[Measured]) -> list[Trend | Average]:
    """What a study asks for along its axis: of two lines their average difference, too."""
    lines = list_lines(measured)
    found: list[Trend | Average] = []
    for names in study.trends:
        if len(names) == 1:
            points = [(at, error) for at, setting in lines[names[0]].items() for error in setting.errors.values()]
            found.append(Trend(names, len(points), fit_line(points)))
        else:
            pairs = pair_lines(*(lines[name] for name in names))
            before, after = ([pair[side] for _, pair in pairs] for side in (0, 1))
            points = [(at, second - first) for at, (first, second) in pairs]
            found.append(Trend(names, len(points), fit_line(points)))
            found.append(Average(names, compare_seeds(before, after) if pairs else None))
    return found


def pair_lines(first: dict[float, Measured], second: dict[float, Measured]) -> list[tuple[float, tuple[float, float]]]:
    """The test errors that two lines have of the same place and seed, with the place."""
    return [
        (at, (error, second[at].errors[seed]))
        for at, setting in first.items()
        if at in second
        for seed, error in setting.errors.items()
        if seed in second[at].errors
    ]
