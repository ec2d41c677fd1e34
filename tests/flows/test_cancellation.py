"""Every way to end a run: no process of it and no clone is left, and the next run goes on where it was.

The campaign, five trials of each way, takes half an hour on 2 cores and prints a table:
`pytest -m slow -s tests/flows/test_cancellation.py`.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from flows.lost_runs import HEARTBEAT, TAG
from tests.flows.prefect_server import ended
from tests.flows.projects import HeldProject
from tests.tiny_repository import wait_until

LIMIT_SECONDS = 35
# A run has two minutes to tell how it ended; then the server says so, five minutes after it was to be cancelled.
PATIENCE_SECONDS = 360
LOCAL = (sys.executable, "-m", "flows.local", "demo")
WORKER = ("prefect", "worker", "start", "--pool", "local")
# The resource tracker is the runner's own, not a run's.
SERVE = """
from multiprocessing import resource_tracker
from flows.reproduce import reproduce
resource_tracker.ensure_running()
reproduce.serve("served")
"""
SERVED = (sys.executable, "-c", SERVE)
# Watched as the project's own are.
DEPLOYMENTS = f"""
deployments:
  - &plain
    name: plain
    entrypoint: flows/reproduce.py:reproduce
    tags: [{TAG}]
    work_pool: {{name: local, job_variables: &watched {json.dumps(HEARTBEAT)}}}
  - <<: *plain
    name: custom
    work_pool:
      name: local
      job_variables: {{<<: *watched, command: "sh -c 'python -m prefect.engine; true'"}}
"""
# What is started, the deployment that runs then, what stops the run (None: cancelling), and how it ends.
WAYS = {
    "Ctrl-C of flows.local": (LOCAL, None, signal.SIGINT, 130),
    "SIGTERM of flows.local": (LOCAL, None, signal.SIGTERM, -15),
    "SIGKILL of flows.local": (LOCAL, None, signal.SIGKILL, -9),
    "cancelling, served": (SERVED, "reproduce/served", None, "CANCELLED"),
    "cancelling, on a worker": (WORKER, "reproduce/plain", None, "CANCELLED"),
    "cancelling, on a worker with a custom command": (WORKER, "reproduce/custom", None, "CANCELLED"),
    "SIGKILL of what serves": (SERVED, "reproduce/served", signal.SIGKILL, "CRASHED"),
    "SIGKILL of the worker": (WORKER, "reproduce/plain", signal.SIGKILL, "CRASHED"),
    "SIGKILL of the worker with a custom command": (WORKER, "reproduce/custom", signal.SIGKILL, "CRASHED"),
}


@contextmanager
def start(project, command):
    """Start a command in a process group of its own, as a shell does."""
    with ended(project.start(*command, start_new_session=True, stderr=subprocess.DEVNULL)) as process:
        yield process


class Run:
    """A run of a process that was started: its own, or a deployment's that it launches."""

    def __init__(self, process, project, server, deployment):
        self.process, self.server, self.deployment = process, server, deployment
        if deployment:
            # What serves has multiprocessing's resource tracker beside it.
            processes = 2 if process.args == SERVED else 1
            wait_until(lambda: server.knows(deployment) and len(project.find_processes()) == processes, 60)
            self.launcher = project.find_processes()
            self.id = server.start_run(deployment)

    def stop(self, number):
        """Stop it in one of the ways; a terminal's Ctrl-C goes to a whole process group."""
        if number is None:
            self.server.cancel(self.id)
        elif number == signal.SIGINT:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)

    def outcome(self):
        """How it ended; None if it has not."""
        return self.server.find_outcome(self.id) if self.deployment else self.process.poll()

    def tell(self):
        """What there is to say of a run that did not end as it had to."""
        return self.server.read_log(self.id) if self.deployment else ""


def measure(project, run, number, expected):
    """Stop a run, and give the seconds until nothing of it is left."""
    wait_until(project.is_held, 90)
    kept = set() if number else run.launcher
    assert len(project.find_processes() - kept) >= 5
    begun = time.monotonic()
    run.stop(number)
    wait_until(lambda: project.find_processes() <= kept and not project.find_clones(), PATIENCE_SECONDS)
    seconds = time.monotonic() - begun
    assert project.find_held_locks() == []
    wait_until(lambda: run.outcome() is not None, PATIENCE_SECONDS, run.tell)
    assert run.outcome() == expected, run.tell()
    return seconds


@pytest.fixture
def project(tmp_path, prefect_server):
    project = HeldProject(tmp_path)
    project.env |= prefect_server.env
    (project.folder / "prefect.yaml").write_text(DEPLOYMENTS)
    project.run("prefect", "--no-prompt", "deploy", "--all")
    project.run(sys.executable, "-c", "from flows.lost_runs import watch_runs; watch_runs()")
    return project


@pytest.fixture(scope="module")
def table():
    rows = []
    yield rows
    print("\n| way | trials | median, s | maximum, s |\n| --- | ---: | ---: | ---: |")
    for way, seconds in rows:
        print(f"| {way} | {len(seconds)} | {statistics.median(seconds):.1f} | {max(seconds):.1f} |")


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_left_whatever_ends_a_run_and_the_next_goes_on(project, prefect_server, table, way):
    command, deployment, number, expected = WAYS[way]
    seconds = []
    for _ in range(5):
        with start(project, command) as process:
            run = Run(process, project, prefect_server, deployment)
            seconds.append(measure(project, run, number, expected))
    table.append((way, seconds))
    project.release()
    with start(project, command) as process:
        run = Run(process, project, prefect_server, deployment)
        wait_until(lambda: run.outcome() is not None, 120)
    assert run.outcome() in (0, "COMPLETED")
    assert project.count_first() == 1
    assert max(seconds) <= LIMIT_SECONDS


def test_nothing_is_left_where_prefect_ends_less_than_it_started(project, prefect_server):
    with start(project, WORKER) as worker:
        for way in ("cancelling, on a worker with a custom command", "SIGKILL of the worker"):
            _, deployment, number, expected = WAYS[way]
            run = Run(worker, project, prefect_server, deployment)
            measure(project, run, number, expected)
