"""What the recorded runs of a study say: by setting, by run, and of the differences that it asks for."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from execution.plan import Plan
from execution.studies import Setting, Study
from experiments.comparing.paired_tests import compare_models
from experiments.recorded_run import Run
from pipeline.evaluation.significance import SeedsTest, compare_seeds, estimate_superiority


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
        change: of the test errors, paired by the seeds that both have; None without any.
        by_images: half the 95 % interval of the change of a single pair of models, by the test images alone, in points.
        superiority: how probable it is that a run of the second has a lower error than one of the first.
        published: the changes that others have, in points, by source.
    """

    first: str
    second: str
    change: SeedsTest | None
    by_images: float | None
    superiority: float | None
    published: dict[str, float]

    @property
    def verdict(self) -> str:
        """What may be claimed: nothing where one seed was run, or where the interval holds 0."""
        if self.change is None:
            return "not yet run"
        if self.change.half_width is None:
            return "one seed, from which nothing is claimed"
        return "not beyond chance" if self.holds(0) else "beyond chance"

    def holds(self, points: float) -> bool | None:
        """Whether the interval by seeds holds a change; None where there is no interval."""
        if self.change is None or self.change.half_width is None:
            return None
        return abs(points - self.change.change) <= self.change.half_width


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
    change, by_images, superiority = None, None, None
    if seeds:
        change = compare_seeds(*([setting.errors[seed] for seed in seeds] for setting in (first, second)))
        superiority = estimate_superiority([*first.errors.values()], [*second.errors.values()])
    if len(seeds) == 1 and first.setting.network == second.setting.network:
        test = compare_models(first.runs[seeds[0]], second.runs[seeds[0]], first.setting.network)
        by_images = test.half_width if test else None
    before, after = first.setting.published, second.setting.published
    published = {source: after[source] - error for source, error in before.items() if source in after}
    return Comparison(first.setting.name, second.setting.name, change, by_images, superiority, published)
