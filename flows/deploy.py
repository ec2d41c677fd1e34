"""Deploy each recipe with the flow `reproduce` and with the flow `tables`: `python -m flows.deploy`.

They run on the process work pool `local`: a worker takes the flows from this folder, and each run clones it.
"""

import sys
from typing import cast
from uuid import UUID

from httpx import HTTPError
from prefect import deploy
from prefect.deployments.runner import RunnerDeployment
from prefect.runner.storage import LocalStorage

from execution.git import PROJECT, list_recipes


def list_deployments() -> list[RunnerDeployment]:
    """The deployments: one learning and one experiment, and ARL, NAL and their comparison, for every recipe."""
    here = LocalStorage(str(PROJECT))
    found = [(recipe, flow) for recipe in list_recipes(PROJECT, "HEAD") for flow in ("reproduce", "tables")]
    made = [
        RunnerDeployment.from_storage(here, f"flows/{flow}.py:{flow}", recipe, parameters={"recipe": recipe})
        for recipe, flow in found
    ]
    return cast(list[RunnerDeployment], made)


def main() -> None:
    """The command."""
    try:
        made = list_deployments()
        deployed = deploy(*made, work_pool_name="local", ignore_warnings=True, print_next_steps_message=False)
        accepted = cast(list[UUID], deployed)
    except (ValueError, RuntimeError, HTTPError) as error:  # no such work pool, no repository, no server
        sys.exit(f"error: {error}")
    if len(accepted) < len(made):
        sys.exit(f"error: {len(made)} deployments are required. Received: {len(accepted)} that the server accepted")


if __name__ == "__main__":
    main()
