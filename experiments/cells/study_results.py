"""What the recorded runs of a study say: by setting, by run, and of the differences that it asks for."""

from collections.abc import Iterable
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

from execution.plan import Plan
from execution.studies import Setting, Study
from experiments.cells.study_statistics import LineTest, fit_line, foresee_half_width
from experiments.comparing.paired_tests import compare_models
from experiments.recorded_run import Run
from pipeline.evaluation.significance import SeedsTest, compare_seeds, estimate_superiority

CHANCE, BEYOND = "not beyond chance", "beyond chance"


class Measured(NamedTuple):
    """A setting with the plans of its runs, and the runs that there are, by seed."""

    setting: Setting
    plans: dict[int, Plan]
    runs: dict[int, Run]

    @property
    def numbers(self) -> dict[int, dict[str, Any]]:
        """All that was measured of the setting's network, by seed."""
        return {seed: run.results[self.setting.network].numbers for seed, run in self.runs.items()}

    @property
    def errors(self) -> dict[int, float]:
        """The test errors by seed, in percent."""
        return {seed: numbers["test_error_percent"] for seed, numbers in self.numbers.items()}


class Cell(NamedTuple):
    """One run of a study: the settings that it is of, its network, its plan, and what there is of it."""

    settings: list[str]
    network: str
    plan: Plan
    run: Run | None

    @property
    def command(self) -> str:
        """That makes the run again, of the commit that made it: the plan's may be a later one of the same code."""
        return (self.plan._replace(commit=self.run.commit) if self.run else self.plan).compose_command()


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
        if self.change is None:
            return "not yet run"
        if self.change.half_width is None:
            return "one pair of seeds, from which nothing is claimed"
        return judge(self.change)

    @property
    def foreseen(self) -> float | None:
        """Half the interval that all pairs of seeds would have, spread as these are.

        None where they are all, or fewer than three: two tell little of a spread.
        """
        if self.change is None or not 2 < self.change.seeds < self.seeds:
            return None
        return foresee_half_width(self.change, self.seeds)

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
        if self.change is None:
            return "not yet run"
        return "two places, from which nothing is claimed" if self.change.half_width is None else judge(self.change)


def judge(test: SeedsTest | LineTest) -> str:
    """Whether an interval, which there is, holds 0."""
    assert test.half_width is not None
    return BEYOND if abs(test.change) > test.half_width else CHANCE


def measure_settings(study: Study, plans: dict[str, dict[int, Plan]], runs: dict[str, Run]) -> list[Measured]:
    """A study's settings with their runs.

    Args:
        study: as its file has it.
        plans: of all its runs, by setting and seed.
        runs: that there are, by experiment.
    """
    return [
        Measured(
            setting,
            plans[setting.name],
            {seed: runs[plan.experiment] for seed, plan in plans[setting.name].items() if plan.experiment in runs},
        )
        for setting in study.settings
    ]


def list_cells(measured: Iterable[Measured]) -> list[Cell]:
    """The runs of all settings, each once."""
    cells: dict[str, Cell] = {}
    for setting, plans, runs in measured:
        for seed, plan in plans.items():
            cell = cells.setdefault(plan.experiment, Cell([], setting.network, plan, runs.get(seed)))
            cell.settings.append(setting.name)
    return list(cells.values())


def describe_cell(cell: Cell) -> dict[str, Any]:
    """What a run is, what came of it, and the digests of its outputs; null where there is no result."""
    described: dict[str, Any] = {
        "experiment": cell.plan.experiment,
        "settings": cell.settings,
        "network": cell.network,
        "command": cell.command,
    }
    if cell.run is None:
        return described | {"metrics": None}
    result = cell.run.results[cell.network]
    return described | {
        "commit": cell.run.commit,
        "revision": cell.run.revision,
        "metrics": result.metrics,
        "details": result.details,
        "timing": result.timing,
        "machine": result.machine,
        "digests": {name: digest for name, digest in cell.run.digests.items() if Path(name).stem == cell.network},
    }


def compare_settings(study: Study, measured: Iterable[Measured]) -> list[Comparison]:
    """The comparisons that a study asks for."""
    by_name = {setting.setting.name: setting for setting in measured}
    return [compare_two(by_name[first], by_name[second]) for first, second in study.comparisons]


def compare_two(first: Measured, second: Measured) -> Comparison:
    """Two settings by their runs."""
    seeds = [seed for seed in first.runs if seed in second.runs]
    errors = [[setting.errors[seed] for seed in seeds] for setting in (first, second)]
    by_images = None
    if len(seeds) == 1 and first.setting.network == second.setting.network:
        test = compare_models(first.runs[seeds[0]], second.runs[seeds[0]], first.setting.network)
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
