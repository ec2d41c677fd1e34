"""Deploy each recipe with the flows `reproduce`, `tables` and `grid`: `python -m flows.deploy`.

They run on the process work pool `local`: a worker takes the flows from this folder, and each run clones it. Where
RUNS_ORIGIN says that machines share a repository, a worker takes them from what that variable says where it is.
"""

import os
import sys
from typing import Any, cast
from uuid import UUID

from httpx import HTTPError
from prefect import deploy
from prefect.deployments.runner import RunnerDeployment
from prefect.runner.storage import LocalStorage

from execution.git import PROJECT, list_recipes
from execution.places import ORIGIN
from flows.lost_runs import HEARTBEAT, watch_runs

# And their queues. A grid waits for its cells: a worker of one run at a time that took it would wait for itself.
FLOWS = {"reproduce": None, "tables": None, "grid": "grids"}


class OriginStorage(LocalStorage):
    """The flows of a folder, which each worker takes from the origin that it is told of, by a shallow clone."""

    def to_pull_step(self) -> dict[str, Any]:
        """The server is told the variable's name only: an address may hold a password."""
        return {"prefect.deployments.steps.git_clone": {"repository": f"{{{{ ${ORIGIN} }}}}"}}


def list_deployments() -> list[RunnerDeployment]:
    """The deployments: one learning; ARL, NAL and their comparison; a grid, for every recipe."""
    code = (OriginStorage if os.environ.get(ORIGIN) else LocalStorage)(str(PROJECT))
    made = [
        RunnerDeployment.from_storage(
            code,
            f"flows/{flow}.py:{flow}",
            recipe,
            parameters={"recipe": recipe},
            work_queue_name=queue,
            job_variables=HEARTBEAT,
        )
        for recipe in list_recipes(PROJECT, "HEAD")
        for flow, queue in FLOWS.items()
    ]
    return cast(list[RunnerDeployment], made)


def main() -> None:
    """The command."""
    try:
        made = list_deployments()
        deployed = deploy(*made, work_pool_name="local", ignore_warnings=True, print_next_steps_message=False)
        accepted = cast(list[UUID], deployed)
        watch_runs()
    except (ValueError, RuntimeError, HTTPError) as error:  # no such work pool, no repository, no server
        sys.exit(f"error: {error}")
    if len(accepted) < len(made):
        sys.exit(f"error: {len(made)} deployments are required. Received: {len(accepted)} that the server accepted")


if __name__ == "__main__":
    main()
