"""Grids whose machines are killed, whose server or remote goes away, and many runs at once."""

import random
import signal
import time
from contextlib import ExitStack

import boto3
import pytest

from execution.recipe_changes import change_recipe
from tests.flows.machines import open_fleet
from tests.flows.postgresql import PROGRAMS, serve_postgresql
from tests.flows.prefect_server import open_server
from tests.flows.projects import MeasuredProject, TinyProject, read_digests
from tests.s3_server import serve_s3
from tests.tiny_repository import wait_until

pytestmark = pytest.mark.slow
NETWORK, SEEDS, LEARNINGS = "attention-56", [0, 1], ["arl", "nal"]
FOUR = [f"{learning} {seed}" for learning in LEARNINGS for seed in SEEDS]
KILLS, LONGEST_CALM = 4, 45  # seconds
# Runs that a killed worker had taken are given up after 90 seconds, not ten minutes.
DEPLOY = ("-c", "from flows import deploy, lost_runs; lost_runs.START_SECONDS = 90; deploy.main()")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """The project, and what a run on one machine by DVC alone gives, by learning and seed."""
    project = TinyProject(tmp_path_factory.mktemp("tiny"), tmp_path_factory.mktemp("home"))
    recipe, expected = project.read("recipes/tiny.yaml").decode(), {}
    for learning in LEARNINGS:
        for seed in SEEDS:
            changed = change_recipe(recipe, {"model.learning": learning, "train.seed": seed}, "tiny")
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
    with (
        open_server(tmp_path / "server") as (server, _),
        open_fleet(tmp_path, project, server, deploy=DEPLOY) as fleet,
    ):
        fleet.start_grid(recipe="tiny", learnings=LEARNINGS, seeds=SEEDS)
        begun = time.monotonic()
        while len(told) < KILLS and not fleet.is_grid_over():
            time.sleep(chance.uniform(1, LONGEST_CALM))
            name = chance.choice(list(fleet.machines))
            fleet.kill(name)
            fleet.start(name)
            told.append(f"{name} at {time.monotonic() - begun:.0f} s")
        cells = fleet.finish_grid(1800)
        print(f"\n{', '.join(told)}; ended after {time.monotonic() - begun:.0f} s")
        runs = server.ask("POST", "flow_runs/filter", {"sort": "START_TIME_DESC"})
    # The grid's own run is not one of a deployment, and is not called dead, however seldom its heart beats.
    assert next(run for run in runs if not run["tags"])["state"]["type"] == "COMPLETED"
    assert len(told) == KILLS
    assert count_experiments(project) == len(cells) == len(expected)
    project.run("git", "fetch", "--quiet", project.origin, "+refs/exps/*:refs/exps/*")
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


def hold_grid(fleet, project):
    """Start a grid, and wait until each worker is at its first training, where it stays."""
    project.hold()
    fleet.start_grid(networks=[NETWORK], seeds=SEEDS)
    wait_until(lambda: len(project.list_trained()) == 2, 180)


def count_experiments(project):
    """How many there are at the origin."""
    return len(project.run("git", "ls-remote", project.origin, "refs/exps/*").splitlines())


def check_trained_once(project, expected):
    """See that each training was run once, and has one experiment."""
    assert sorted(project.list_trained()) == sorted(expected)
    assert count_experiments(project) == len(expected)


def test_a_server_that_is_started_again_in_the_middle_of_a_grid_loses_no_cell(measured, tmp_path):
    with ExitStack() as stack:
        with open_server(tmp_path / "server") as (server, user):
            fleet = stack.enter_context(open_fleet(tmp_path, measured, server))
            hold_grid(fleet, measured)
        time.sleep(30)
        with server.running(user):
            measured.release()
            fleet.finish_grid(600)
    check_trained_once(measured, FOUR)


def test_a_remote_that_is_down_for_a_minute_loses_no_cell(measured, tmp_path, monkeypatch):
    with serve_s3() as (s3, env), open_server(tmp_path / "server") as (server, _):
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket="runs")
        measured.env |= env
        measured.remote = "s3://runs/remote"
        with open_fleet(tmp_path, measured, server) as fleet:
            hold_grid(fleet, measured)
            s3.stop()
            measured.release()
            time.sleep(60)
            s3.start()
            fleet.finish_grid(600)
    check_trained_once(measured, FOUR)


def test_cancelling_a_grid_cancels_its_cells(measured, tmp_path):
    with open_server(tmp_path / "server") as (server, _), open_fleet(tmp_path, measured, server) as fleet:
        hold_grid(fleet, measured)
        fleet.processes["laptop"].send_signal(signal.SIGINT)
        wait_until(lambda: list_cell_states(server) == ["CANCELLED"] * len(FOUR), 90)
    assert count_experiments(measured) == 0


def list_cell_states(server):
    """The state of each cell's run; the grid's own has no tags."""
    return [run["state"]["type"] for run in server.ask("POST", "flow_runs/filter", {}) if run["tags"]]


@pytest.mark.skipif(not PROGRAMS, reason="no PostgreSQL: Debian's postgresql has it")
def test_twenty_runs_at_once_all_end_right(measured, tmp_path):
    with (
        serve_postgresql() as address,
        open_server(tmp_path / "server", PREFECT_API_DATABASE_CONNECTION_URL=address) as (server, _),
        open_fleet(tmp_path, measured, server, limit=10),
    ):
        runs = [server.start_run("reproduce/demo", networks=[NETWORK], seed=seed) for seed in range(20)]
        wait_until(lambda: all(map(server.find_outcome, runs)), 1800)
        assert [server.find_outcome(run) for run in runs] == ["COMPLETED"] * 20
        ends = [server.ask("GET", f"flow_runs/{run}") for run in runs]
    waits, times = ([run[key] for run in ends] for key in ("estimated_start_time_delta", "total_run_time"))
    print(f"\nlongest wait {max(waits):.0f} s, run {max(times):.0f} s")
    check_trained_once(measured, [f"arl {seed}" for seed in range(20)])


def test_twenty_cells_at_once_all_end_right_where_prefects_database_is_often_locked(measured, tmp_path):
    with open_server(tmp_path / "server") as (server, _), open_fleet(tmp_path, measured, server, limit=10) as fleet:
        fleet.start_grid(networks=[NETWORK], seeds=list(range(10)))
        fleet.finish_grid(1800)
        locked, crashed = (
            log.read_text().count(words)
            for log, words in ((server.log, "database is locked"), (fleet.laptop.log, "crashed"))
        )
    print(f"\n{locked} times locked, {crashed} crashed cells")
    check_trained_once(measured, [f"{learning} {seed}" for learning in LEARNINGS for seed in range(10)])
