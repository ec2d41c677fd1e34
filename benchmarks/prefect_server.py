"""A Prefect server with a worker, as the README starts them, and how long their flow runs took."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from benchmarks.processes import measure_command, project_environment

START_SECONDS = 120


class Server:
    """A server that is up, with the deployments of a project."""

    def __init__(self, port: int, env: dict[str, str]):
        self.address = f"http://127.0.0.1:{port}/api"
        self.env = {**env, "PREFECT_API_URL": self.address, "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}

    def ask(self, method: str, path: str, content: dict[str, Any] | None = None) -> Any:
        """What the server answers.

        Raises:
            httpx.HTTPError: it does not answer, or refuses.
        """
        answer = httpx.request(method, f"{self.address}/{path}", json=content, timeout=30, trust_env=False)
        return answer.raise_for_status().json()

    def answers(self) -> bool:
        """Whether it is up."""
        try:
            return bool(self.ask("GET", "health"))
        except httpx.HTTPError:
            return False

    def time_last_run(self) -> float:
        """Seconds of the flow run that was started last, from its request to its end, by the server's clock.

        Raises:
            RuntimeError: it did not complete.
        """
        (run,) = self.ask("POST", "flow_runs/filter", {"sort": "START_TIME_DESC", "limit": 1})
        if run["state"]["type"] != "COMPLETED":
            raise RuntimeError(f"{run['name']} ended as {run['state']}")
        return (datetime.fromisoformat(run["end_time"]) - datetime.fromisoformat(run["created"])).total_seconds()

    def time_deployed_run(self, deployment: str, project: Path) -> float:
        """Start a deployment's run, and wait for it; seconds from its request to its end."""
        measure_command(("prefect", "deployment", "run", deployment, "--watch"), project, self.env)
        return self.time_last_run()


@contextmanager
def open_server(project: Path, env: dict[str, str]) -> Iterator[Server]:
    """Start a server and a worker with a project's deployments; end both.

    Raises:
        RuntimeError: the server does not answer within two minutes.
    """
    with serve(project, env) as server, work(project, server.env):
        yield server


@contextmanager
def serve(project: Path, env: dict[str, str]) -> Iterator[Server]:
    """Start a server with a project's deployments, and end it; the errors are those of `open_server`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Server(port, env)
    with running(("prefect", "server", "start", "--port", str(port)), project, server.env):
        end = time.monotonic() + START_SECONDS
        while not server.answers():
            if time.monotonic() > end:
                raise RuntimeError(f"Prefect's server does not answer within {START_SECONDS} s")
            time.sleep(0.2)
        measure_command(("python", "-m", "flows.deploy"), project, server.env)
        yield server


def work(project: Path, env: dict[str, str], *options: str) -> AbstractContextManager[None]:
    """Start a worker of the pool `local`, and end it."""
    command = ("prefect", "worker", "start", "--pool", "local", *options)
    return running(command, project, env | {"PREFECT_WORKER_QUERY_SECONDS": "1"})


@contextmanager
def running(command: tuple[str, ...], folder: Path, env: dict[str, str]) -> Iterator[None]:
    """Run a command until the end of the block."""
    process = subprocess.Popen(
        command, cwd=folder, env=project_environment(env), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
