"""A Prefect server for tests, and the few requests that they make."""

import signal
import socket
import subprocess
import time
from contextlib import contextmanager

import httpx

from tests.free_port import find_free_port
from tests.tiny_repository import Repository, wait_until

ATTEMPTS = 10  # of a request that is refused because the database is locked, as Prefect's own clients make them


@contextmanager
def ended(process, number=signal.SIGTERM):
    """End a process at last, whatever it does about it."""
    try:
        yield process
    finally:
        process.send_signal(number)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Server:
    """A server with a home of its own; `env` leads Prefect's commands to it."""

    def __init__(self, home):
        self.port = find_free_port()
        self.address = f"http://127.0.0.1:{self.port}/api"
        self.log = home / "server.log"
        self.env = {
            "PREFECT_HOME": str(home),
            "PREFECT_API_URL": self.address,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PREFECT_RUNNER_POLL_FREQUENCY": "1",
        }

    @contextmanager
    def running(self, repository):
        """Serve until the end, started as by the user of a repository."""
        command = ("prefect", "server", "start", "--port", str(self.port))
        with self.log.open("a") as log, ended(repository.start(*command, stderr=log)):
            wait_until(self.answers, 120)
            yield

    def answers(self):
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def ask(self, method, path, content=None):
        for _ in range(ATTEMPTS):
            answer = httpx.request(method, f"{self.address}/{path}", json=content, timeout=30, trust_env=False)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
            time.sleep(1)
        return answer.raise_for_status().json()

    def knows(self, deployment):
        found = httpx.get(f"{self.address}/deployments/name/{deployment}", timeout=30, trust_env=False)
        return found.is_success

    def start_run(self, deployment, **parameters):
        """Start a deployment's run, and give its id."""
        found = self.ask("GET", f"deployments/name/{deployment}")
        content = {"state": {"type": "SCHEDULED"}, "parameters": parameters}
        return self.ask("POST", f"deployments/{found['id']}/create_flow_run", content)["id"]

    def cancel(self, run):
        self.ask("POST", f"flow_runs/{run}/set_state", {"state": {"type": "CANCELLING", "name": "Cancelling"}})

    def find_outcome(self, run):
        """The state in which a run ended; None if it has not."""
        state = self.ask("GET", f"flow_runs/{run}")["state"]["type"]
        return state if state in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED") else None

    def read_log(self, run):
        """What a run has logged so far."""
        found = self.ask("POST", "logs/filter", {"logs": {"flow_run_id": {"any_": [run]}}, "sort": "TIMESTAMP_ASC"})
        return "\n".join(record["message"] for record in found)


@contextmanager
def open_server(folder, **env):
    """A server, told of in further variables, until the end; and the repository of the user who starts it."""
    homes = {name: folder / name for name in ("prefect", "user")}
    for home in homes.values():
        home.mkdir(parents=True)
    server, user = Server(homes["prefect"]), Repository(homes["user"], homes["user"])
    user.env |= server.env | env
    with server.running(user):
        yield server, user
