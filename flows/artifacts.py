"""Results as Prefect artifacts: a page in Markdown and a table."""

import re

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from experiments.comparing.comparison import compose_comparison, format_run
from experiments.provenance import format_evidence
from experiments.recorded_run import Run, list_networks


def show_run(run: Run) -> None:
    """The errors and times of a run."""
    page = f"{format_run(run)}\n## Evidence\n\n- {format_evidence(run)}\n"
    create_markdown_artifact(page, key=make_key(run.name), description=f"Errors and times of {run.name}")
    rows = [
        {"network": network, **result.metrics, **result.timing, "parameters": result.details["parameters"]}
        for network, result in run.results.items()
    ]
    create_table_artifact(rows, key=make_key(f"{run.name}-table"), description=f"Errors and times of {run.name}")


def show_comparison(first: Run, second: Run) -> None:
    """The page that compares two runs, and their test errors as a table."""
    key, description = f"{first.name}-against-{second.name}", f"{first.name} against {second.name}"
    create_markdown_artifact(compose_comparison([first, second]), key=make_key(key), description=description)
    runs = (first, second)
    rows = [
        {"network": network}
        | {run.name: run.results[network].metrics["test_error_percent"] for run in runs if network in run.results}
        for network in list_networks(*runs)
    ]
    create_table_artifact(rows, key=make_key(f"{key}-table"), description=f"{description}: test errors, %")


def show_page(page: str, name: str, description: str) -> None:
    """A page in Markdown."""
    create_markdown_artifact(page, key=make_key(name), description=description)


def make_key(name: str) -> str:
    """A name in the characters that Prefect allows for an artifact's key."""
    return re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")
