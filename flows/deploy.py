"""Deploy each recipe with the flows `reproduce`, `tables` and `grid`, and each study: `python -m flows.deploy`.

A worker takes the flows from this folder, and each run clones it. Where RUNS_ORIGIN says that machines share a
repository, a worker takes them from what that variable says where it is. Work pools that the server does not have are
made, of the type `process`.
"""

import argparse
import os
import sys
from contextlib import suppress
from typing import Any, cast
from uuid import UUID

from httpx import HTTPError
from prefect import deploy
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectAlreadyExists
from prefect.runner.storage import LocalStorage
from prefect.settings import PREFECT_API_URL
from prefect.workers.process import ProcessWorker

from execution.git import list_recipes, read_committed
from execution.places import ORIGIN, PROJECT
from execution.studies import list_studies
from flows.lost_runs import HEARTBEAT, TAG, watch_runs
from flows.plain_errors import PLAIN_ERRORS
from pipeline.errors import InputError, ended_plainly
from pipeline.settings.params import read_recorded_params

FLOWS = ("reproduce", "tables", "grid")


class OriginStorage(LocalStorage):
    """The flows of a folder, which each worker takes from the origin that it is told of, by a shallow clone."""

    def to_pull_step(self) -> dict[str, Any]:
        """The server is told the variable's name only: an address may hold a password."""
        return {"prefect.deployments.steps.git_clone": {"repository": f"{{{{ ${ORIGIN} }}}}"}}


def list_deployments() -> list[RunnerDeployment]:
    """The deployments: one learning; ARL, NAL and their comparison; a grid, for every recipe; and every study."""
    code = (OriginStorage if os.environ.get(ORIGIN) else LocalStorage)(str(PROJECT))
    recipes, studies = list_recipes(PROJECT, "HEAD"), list_studies(PROJECT, "HEAD")
    wanted = [(flow, recipe, {"recipe": recipe}) for recipe in recipes for flow in FLOWS]
    wanted += [("study", study, {"name": study}) for study in studies]
    made = [
        RunnerDeployment.from_storage(
            code,
            f"flows/{flow}.py:{flow}",
            name,
            parameters=parameters,
            work_pool_name=choose_pool(flow, name),
            job_variables=HEARTBEAT,
            tags=[TAG],
        )
        for flow, name, parameters in wanted
    ]
    return cast(list[RunnerDeployment], made)


def choose_pool(flow: str, name: str) -> str:
    """The work pool of a flow by its deployment's name: `grids`; of a recipe `gpu` if that requires one, else `local`.

    Such a flow waits for its cells: a worker that took both would, at its limit, wait for itself.
    """
    if flow in ("grid", "study"):
        return "grids"
    params = read_recorded_params(read_committed(PROJECT, "HEAD", f"recipes/{name}.yaml"), name)
    return "gpu" if params.compute.device == "gpu" else "local"


def deploy_to(pool: str, deployments: list[RunnerDeployment]) -> int:
    """Deploy to a work pool, and give how many of the deployments the server accepted."""
    template = ProcessWorker.get_default_base_job_template()
    with get_client(sync_client=True) as client, suppress(ObjectAlreadyExists):
        client.create_work_pool(WorkPoolCreate(name=pool, type="process", base_job_template=template))
    deployed = deploy(*deployments, work_pool_name=pool, ignore_warnings=True, print_next_steps_message=False)
    return len(cast(list[UUID], deployed))


def check_server() -> None:
    """See that a server is named, and answers: without a name Prefect would deploy to a server that ends with this.

    Raises:
        InputError: there is none.
    """
    address = PREFECT_API_URL.value()
    if not address:
        raise InputError("deployments require the address of a server in PREFECT_API_URL. Received: none")
    with get_client(sync_client=True) as client:
        if error := client.api_healthcheck():
            raise InputError(f"deployments require a server that answers at {address}. Received: {error}")


def main() -> None:
    """The command."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with ended_plainly(plain=(*PLAIN_ERRORS, RuntimeError, HTTPError)):  # the server does not answer, or refuses
        check_server()
        made = list_deployments()
        pools = {str(deployment.work_pool_name) for deployment in made}
        accepted = sum(
            deploy_to(pool, [item for item in made if item.work_pool_name == pool]) for pool in sorted(pools)
        )
        watch_runs()
    if accepted < len(made):
        sys.exit(f"error: {len(made)} deployments are required. Received: {accepted} that the server accepted")


if __name__ == "__main__":
    main()
