"""The table of a grid, and its files in comparisons/."""

import hashlib
from pathlib import Path
from typing import Any

from execution.plan import Plan
from experiments.comparing.comparison import OUTPUT
from experiments.recorded_run import Run
from experiments.seeds import Seeds, compare_learnings, format_training_seeds
from experiments.written_folder import written_folder
from pipeline.evaluation.markdown import format_table, render_template
from pipeline.outputs import write_json

TEMPLATE = Path(__file__).with_name("grid_table.md.j2")


def write_grid(repository: Path, plans: list[Plan], runs: dict[str, Run]) -> Path:
    """Write a grid's table as grid.md, its cells' errors and what made them as grid.json, and give the table's path.

    Args:
        repository: in whose comparisons/ a folder of these cells is written.
        plans: of all cells.
        runs: of those that have a result, by experiment.
    """
    names = sorted(plan.experiment for plan in plans)
    recipe, commit = plans[0].recipe, plans[0].commit
    folder = repository / OUTPUT / f"grid-{recipe}-{hashlib.sha256(' '.join(names).encode()).hexdigest()[:12]}"
    missing = [name for name in names if name not in runs]
    page = render_template(
        TEMPLATE, recipe=recipe, commit=commit, rows=format_table(make_rows(plans, runs)), missing=missing
    )
    with written_folder(folder) as aside:
        (aside / "grid.md").write_text(page)
        cells = [describe_outcome(plan, runs.get(plan.experiment)) for plan in plans]
        write_json(aside / "grid.json", {"recipe": recipe, "commit": commit, "cells": cells})
    return folder / "grid.md"


def make_rows(plans: list[Plan], runs: dict[str, Run]) -> list[dict[str, str]]:
    """A row for each network and each choice of other parameters."""
    groups: dict[tuple[str, ...], dict[str, Seeds]] = {}
    for plan in plans:
        overrides = {key: str(value) for key, value in plan.arguments.get("overrides", {}).items()}
        learnings = groups.setdefault((plan.network, *overrides.values()), {"arl": {}, "nal": {}})
        if run := runs.get(plan.experiment):
            learnings[run.params.model.learning][run.params.train.seed] = run
    headings = ("Network", *plans[0].arguments.get("overrides", {}))
    return [
        dict(zip(headings, group, strict=True))
        | compare_learnings(learnings, group[0])
        | {"Training seeds": format_training_seeds(learnings)}
        for group, learnings in groups.items()
    ]


def describe_outcome(plan: Plan, run: Run | None) -> dict[str, Any]:
    """What a cell is, and what came of it; null where there is no result."""
    made = {"revision": run.revision, "commit": run.commit, "seed": run.params.train.seed} if run else {}
    metrics = run.results[plan.network].metrics if run else None
    return {"experiment": plan.experiment, **plan.arguments, **made, "metrics": metrics}
