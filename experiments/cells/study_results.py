"""The recorded runs of a study, by setting and by run."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from execution.plan import Plan
from execution.studies import Setting, Study
from experiments.recorded_run import Run


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

    def compose_command(self, run: Run) -> str:
        """What makes its run again, of the commit that made it: the plan's may be a later one of the same code."""
        return self.plan._replace(commit=run.commit).compose_command()


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
    }
    if cell.run is None:
        return described | {"metrics": None}
    result = cell.run.results[cell.network]
    return described | {
        "command": cell.compose_command(cell.run),
        "commit": cell.run.commit,
        "revision": cell.run.revision,
        "metrics": result.metrics,
        "details": result.details,
        "timing": result.timing,
        "machine": result.machine,
        "digests": {name: digest for name, digest in cell.run.digests.items() if Path(name).stem == cell.network},
    }
