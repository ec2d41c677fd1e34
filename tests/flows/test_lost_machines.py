"""Grids whose machines are killed, whose server or remote goes away, and many runs at once."""

import json
import random
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager

import boto3
import pytest

from execution.guard import find_processes
from tests.flows.postgresql import PROGRAMS, serve_postgresql
from tests.flows.prefect_server import Server, ended
from tests.flows.projects import GRID, WORKER, Machine, MeasuredProject, TinyProject, read_digests
from tests.s3_server import serve_s3
from tests.tiny_repository import Repository, wait_until

pytestmark = pytest.mark.slow
SEEDS, LEARNINGS = [0, 1], ["arl", "nal"]
KILLS, LONGEST_CALM = 4, 45  # seconds
# Runs that a killed worker had taken are given up after 90 seconds, not ten minutes.
DEPLOY = "from flows import deploy, lost_runs; lost_runs.START_SECONDS = 90; deploy.main()"


class Fleet:
    """Two workers and the machine that a grid runs on; one that is killed is started again."""

    def __init__(self, folder, project, server, stack, limit=1, **grid):
        self.machines = {name: Machine(folder / name, project, server) for name in ("grid", "one", "two")}
        self.machines["grid"].run("python", "-c", DEPLOY)
        self.commands = dict.fromkeys(("one", "two"), (*WORKER, "local", "--limit", str(limit)))
        self.commands["grid"] = (sys.executable, "-c", GRID, json.dumps(grid))
        self.processes = {}
        stack.callback(self.end)
        for name in self.machines:
            self.start(name)

    def start(self, name):
        log = (self.machines[name].folder.parent / "log").open("a")
        with log:
            self.processes[name] = self.machines[name].start(*self.commands[name], stderr=log)

    def kill(self, name):
        """End all processes of a machine at once, as when its power fails."""
        while found := find_processes(self.machines[name].env["HOME"], "HOME"):
            for process in found:
                process.kill()
            self.processes[name].wait()

    def end(self):
        for name in self.machines:
            self.kill(name)

    def read_cells(self):
        (path,) = self.machines["grid"].folder.parent.glob("runs/comparisons/*/grid.json")
        return json.loads(path.read_text())["cells"]

    def read_log(self, name="grid"):
        return (self.machines[name].folder.parent / "log").read_text()


@contextmanager
def open_server(folder, **env):
    """Prefect's server, with a home of its own and further variables, and who starts it."""
    (folder / "user").mkdir(parents=True)
    server, user = Server(folder / "prefect"), Repository(folder / "user", folder)
    user.env |= server.env | env
    with server.running(user):
        yield server, user


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """The project, and what a run on one machine by DVC alone gives, by learning and seed."""
    project = TinyProject(tmp_path_factory.mktemp("tiny"), tmp_path_factory.mktemp("home"))
    recipe, expected = (project.folder / "recipes/tiny.yaml").read_text(), {}
    for learning in LEARNINGS:
        for seed in SEEDS:
            changed = recipe.replace("learning: arl", f"learning: {learning}").replace(
                "train:\n  seed: 0", f"train:\n  seed: {seed}"
            )
            (project.folder / "params.yaml").write_text(changed)
            project.run("dvc", "repro")
            expected[learning, seed] = read_digests(project.read("dvc.lock"))
    project.run("git", "checkout", "--quiet", ".")
    return project, expected


@pytest.mark.parametrize("number", range(5))
def test_a_grid_whose_machines_are_killed_at_random_ends_with_the_bytes_of_one_machine(number, tiny, tmp_path):
    project, expected = tiny
    project.share(tmp_path)
    chance, told = random.Random(number), []
    with open_server(tmp_path / "server") as (server, _), ExitStack() as stack:
        fleet = Fleet(tmp_path, project, server, stack, recipe="tiny", learnings=LEARNINGS, seeds=SEEDS)
        begun = time.monotonic()
        while len(told) < KILLS and fleet.processes["grid"].poll() is None:
            time.sleep(chance.uniform(1, LONGEST_CALM))
            name = chance.choice(list(fleet.machines))
            fleet.kill(name)
            fleet.start(name)
            told.append(f"{name} at {time.monotonic() - begun:.0f} s")
        wait_until(lambda: fleet.processes["grid"].poll() is not None, 1800)
        print(f"\n{', '.join(told)}; ended after {time.monotonic() - begun:.0f} s")
        assert fleet.processes["grid"].returncode == 0, fleet.read_log()
        cells = fleet.read_cells()
        runs = server.ask("POST", "flow_runs/filter", {"sort": "START_TIME_DESC"})
    # The grid's own run is not one of a deployment, and is not called dead, however seldom its heart beats.
    assert next(run for run in runs if not run["tags"])["state"]["type"] == "COMPLETED"
    assert len(told) == KILLS
    project.run("git", "fetch", "--quiet", "--prune", project.origin, "+refs/exps/*:refs/exps/*")
    references = project.run("git", "for-each-ref", "--format=%(refname)", "refs/exps").split()
    assert len(references) == len(cells) == len(expected)
    received = {
        (cell["learning"], cell["seed"]): read_digests(project.run("git", "show", f"{cell['revision']}:dvc.lock"))
        for cell in cells
    }
    assert received == expected


@pytest.fixture
def measured(tmp_path):
    """The project whose trainings are shell commands, and are told of."""
    project = MeasuredProject(tmp_path)
    project.share(tmp_path)
    return project


def test_a_server_that_is_started_again_in_the_middle_of_a_grid_loses_no_cell(measured, tmp_path):
    (measured.told / "hold").touch()
    with ExitStack() as stack:
        with open_server(tmp_path / "server") as (server, user):
            fleet = Fleet(tmp_path, measured, server, stack, networks=["attention-56"], seeds=SEEDS)
            wait_until(lambda: len(measured.list_trained()) == 2, 180)
        time.sleep(30)
        with server.running(user):
            (measured.told / "hold").unlink()
            wait_until(lambda: fleet.processes["grid"].poll() is not None, 600)
        assert fleet.processes["grid"].returncode == 0, fleet.read_log()
        assert all(cell["metrics"] for cell in fleet.read_cells())
    check_trained_once(measured, ["arl 0", "arl 1", "nal 0", "nal 1"])


def test_a_remote_that_is_down_for_a_minute_loses_no_cell(measured, tmp_path, monkeypatch):
    (measured.told / "hold").touch()
    with serve_s3() as (s3, env), open_server(tmp_path / "server") as (server, _), ExitStack() as stack:
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket="runs")
        measured.env |= env
        measured.remote = "s3://runs/remote"
        fleet = Fleet(tmp_path, measured, server, stack, networks=["attention-56"], seeds=SEEDS)
        wait_until(lambda: len(measured.list_trained()) == 2, 180)
        s3.stop()
        (measured.told / "hold").unlink()
        time.sleep(60)
        s3.start()
        wait_until(lambda: fleet.processes["grid"].poll() is not None, 600)
        assert fleet.processes["grid"].returncode == 0, fleet.read_log()
        assert all(cell["metrics"] for cell in fleet.read_cells())
    check_trained_once(measured, ["arl 0", "arl 1", "nal 0", "nal 1"])


@pytest.mark.skipif(not PROGRAMS, reason="no PostgreSQL: Debian's postgresql has it")
def test_twenty_runs_at_once_all_end_right(measured, tmp_path):
    with (
        serve_postgresql() as address,
        open_server(tmp_path / "server", PREFECT_API_DATABASE_CONNECTION_URL=address) as (server, _),
        ExitStack() as stack,
    ):
        machines = [Machine(tmp_path / name, measured, server) for name in ("one", "two")]
        machines[0].run("python", "-m", "flows.deploy")
        for machine in machines:
            command = ("prefect", "worker", "start", "--pool", "local", "--limit", "10")
            stack.enter_context(ended(machine.start(*command, stderr=subprocess.DEVNULL)))
        runs = [server.start_run("reproduce/demo", networks=["attention-56"], seed=seed) for seed in range(20)]
        wait_until(lambda: all(map(server.find_outcome, runs)), 1800)
        assert [server.find_outcome(run) for run in runs] == ["COMPLETED"] * 20
        ends = [server.ask("GET", f"flow_runs/{run}") for run in runs]
    waits, times = ([run[key] for run in ends] for key in ("estimated_start_time_delta", "total_run_time"))
    print(f"\nlongest wait {max(waits):.0f} s, run {max(times):.0f} s")
    check_trained_once(measured, [f"arl {seed}" for seed in range(20)])


def test_twenty_cells_at_once_all_end_right_where_prefects_database_is_often_locked(measured, tmp_path):
    with open_server(tmp_path / "server") as (server, _), ExitStack() as stack:
        fleet = Fleet(tmp_path, measured, server, stack, 10, networks=["attention-56"], seeds=list(range(10)))
        wait_until(lambda: fleet.processes["grid"].poll() is not None, 1800)
        assert fleet.processes["grid"].returncode == 0, fleet.read_log()
    locked, crashed = server.log.read_text().count("database is locked"), fleet.read_log().count("crashed")
    print(f"\n{locked} times locked, {crashed} crashed cells")
    check_trained_once(measured, [f"{learning} {seed}" for learning in LEARNINGS for seed in range(10)])


def check_trained_once(project, expected):
    """See that each training was run once, and has one experiment."""
    assert sorted(project.list_trained()) == sorted(expected)
    assert len(project.run("git", "ls-remote", project.origin, "refs/exps/*").splitlines()) == len(expected)
