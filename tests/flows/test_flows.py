"""The flows as a user runs them: Prefect's own server and worker, real DVC, a recipe that takes seconds."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest
from prefect.artifacts import Artifact
from prefect.exceptions import ParameterTypeError
from prefect.testing.utilities import prefect_test_harness
from ruamel.yaml import YAML

from flows.clone import CLONES
from flows.guard import find_processes
from flows.reproduce import may_pass, reproduce
from flows.session import DvcError
from pipeline.errors import InputError
from tests.tiny_repository import NETWORK, ROOT, Repository, wait_until, write_tiny_params


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of this project with a recipe `tiny` and its deployment."""
    repository = Repository(tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("home"))
    repository.copy_project()
    recipe = repository.folder / "recipes/tiny.yaml"
    shutil.copyfile(repository.folder / "recipes/demo.yaml", recipe)
    write_tiny_params(recipe)
    with (repository.folder / "prefect.yaml").open("a") as file:
        file.write("  - {<<: *reproduce, name: tiny, parameters: {recipe: tiny}}\n")
    repository.commit("with a tiny recipe")
    return repository


@pytest.fixture(scope="module")
def profile_requests(project):
    """The requests that arrive at the server that the user's Prefect profile and environment name: none should."""
    requests = []

    class Handler(BaseHTTPRequestHandler):
        def handle(self):
            requests.append(self.client_address)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}/api"
    home = Path(project.env["HOME"], ".prefect")
    home.mkdir()
    profile = f'active = "cloud"\n[profiles.cloud]\nPREFECT_API_URL = "{address}"\nPREFECT_API_KEY = "secret"\n'
    (home / "profiles.toml").write_text(profile)
    project.env["PREFECT_API_URL"] = address
    yield requests
    project.env.pop("PREFECT_API_URL", None)
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def first_run(project, profile_requests):
    """What `make reproduce` would print the first time, for the tiny recipe, with a file that is not committed."""
    (project.folder / "scratch.txt").touch()
    address = project.env["PREFECT_API_URL"]
    (project.folder / "prefect.toml").write_text(f'[api]\nurl = "{address}"\n')
    output = project.run("python", "-m", "flows.local", "tiny")
    (project.folder / "prefect.toml").unlink()
    (project.folder / "scratch.txt").unlink()
    return output


def ran_stages(output):
    return [line.split("'")[-2] for line in output.splitlines() if "Running stage" in line]


def test_both_tables_are_printed_and_where_the_page_is(project, first_run):
    page = "comparisons/tiny-arl-tiny-nal/comparison.md"
    assert "| Network | tiny-arl (ARL) | tiny-nal (NAL) | Change |" in first_run
    assert first_run.count("| Network | Train error, % | Validation error, % | Test error, % |") >= 2
    assert page in first_run
    assert "dvc metrics diff tiny-arl tiny-nal" in first_run
    assert (project.folder / page).read_text() in first_run
    assert (project.folder / page).with_name("learning-curves.png").read_bytes().startswith(b"\x89PNG")


def test_the_second_learning_runs_no_data_stage(first_run):
    trained = [f"{stage}@{NETWORK}" for stage in ("train", "evaluate")]
    assert ran_stages(first_run) == ["download", "preprocess", "tfrecords", *trained, "report", *trained, "report"]


def test_training_shows_its_progress(first_run):
    assert "epoch 3/3: train error" in first_run
    assert "images/s" in first_run


def test_tracked_files_stay_and_what_is_not_committed_is_named(project, first_run):
    assert project.run("git", "status", "--porcelain") == ""
    assert "left out, because not committed: prefect.toml, scratch.txt" in first_run
    assert find_clones(project) == []


def test_dvc_compares_the_two_experiments(project, first_run):
    changes = json.loads(project.run("dvc", "metrics", "diff", "tiny-arl", "tiny-nal", "--all", "--json"))
    assert set(changes) == {f"metrics/{NETWORK}.json"}
    assert len(changes[f"metrics/{NETWORK}.json"]) == 3
    shown = project.run("dvc", "exp", "show", "--csv")
    assert "tiny-arl" in shown
    assert "tiny-nal" in shown
    names = project.run("dvc", "params", "diff", "tiny-arl", "tiny-nal", "--json")
    assert json.loads(names) == {"params.yaml": {"model.learning": {"old": "arl", "new": "nal"}}}


def test_nothing_goes_wrong_unseen(first_run):
    assert "ERROR" not in first_run
    assert "Traceback" not in first_run


def test_nothing_is_told_to_the_users_own_prefect(project, profile_requests, first_run):
    assert profile_requests == []
    assert [path.name for path in (Path(project.env["HOME"], ".prefect")).iterdir()] == ["profiles.toml"]


def test_a_second_run_trains_nothing(project, first_run, profile_requests):
    output = project.run("python", "-m", "flows.local", "tiny")
    assert ran_stages(output) == []
    assert "| Network | tiny-arl (ARL) | tiny-nal (NAL) | Change |" in output


def test_a_recipe_that_is_not_there_is_refused_in_one_line(project):
    output = project.run("python", "-m", "flows.local", "nope", check=False)
    line = next(line for line in output.splitlines() if line.startswith("error: "))
    assert line.startswith("error: recipe requires one of cifar10-cpu, ")
    assert line.endswith("Received: nope")
    assert "Traceback" not in output


def start_alone(project, recipe):
    """Start the command in a process group of its own, as a shell does."""
    command = (sys.executable, "-m", "flows.local", recipe)
    return project.start(*command, start_new_session=True, stderr=subprocess.PIPE, text=True)


def find_group(process):
    """The flow's process and its server."""
    found = []
    for other in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError):
            found += [other] if os.getpgid(other.pid) == process.pid else []
    return found


def test_ctrl_c_ends_all_that_was_started_and_the_server_last(project, first_run):
    process = start_alone(project, "demo")
    try:
        wait_until(lambda: is_training(project), 90)
        (clone,) = find_clones(project)
        group = find_group(process)
        assert len(group) == 2
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        _, printed = process.communicate(timeout=35)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130
    assert "Finished in state Crashed" in printed
    assert "Traceback" not in printed
    assert "the same command goes on from the last checkpoint" in printed
    assert not clone.exists()
    assert not find_processes(str(clone))
    assert not any(other.is_running() for other in group)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_run_leaves_no_server(project, first_run, number):
    process = start_alone(project, "tiny")
    try:
        wait_until(lambda: len(find_group(process)) == 2, 60)
        group = find_group(process)
        time.sleep(1)
        process.send_signal(number)
        process.wait(10)
    finally:
        process.kill()
        process.communicate()
    wait_until(lambda: not any(other.is_running() for other in group) and not find_clones(project), 20)


@pytest.fixture(scope="module")
def harness():
    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture
def in_project(project, first_run, harness, monkeypatch):
    """Run flows in this process, on the copy of the project."""
    for name, value in project.env.items():
        if not name.startswith("PREFECT_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setattr("flows.reproduce.PROJECT", project.folder)


def test_an_experiment_is_named_and_shown_as_artifacts(in_project, project):
    assert reproduce("tiny", "nal") == "tiny-nal"
    page, table = Artifact.get("tiny-nal"), Artifact.get("tiny-nal-table")
    error = json.loads(project.run("git", "show", f"{find_reference(project, 'tiny-nal')}:metrics/{NETWORK}.json"))
    assert f"| {error['test_error_percent']:.2f} |" in page.data
    assert json.loads(table.data)[0]["test_error_percent"] == error["test_error_percent"]


def find_reference(project, name):
    references = project.run("git", "for-each-ref", "--format=%(refname)", "refs/exps").split()
    return next(reference for reference in references if reference.endswith(f"/{name}"))


@pytest.mark.parametrize(
    "arguments",
    [
        {"learning": "xyz"},
        {"seed": -1},
        {"networks": []},
        {"networks": ["attention-57"]},
        {"overrides": {"train.epoch": 1}},
        {"commit": "nope"},
        {"recipe": "nope"},
    ],
)
def test_wrong_arguments_are_refused_before_anything_starts(in_project, monkeypatch, arguments):
    monkeypatch.setattr("flows.reproduce.open_clone", None)
    with pytest.raises((InputError, ParameterTypeError)):
        reproduce(**({"recipe": "tiny"} | arguments))


def test_a_failed_stage_fails_the_flow_with_its_last_lines(in_project, project):
    with pytest.raises(DvcError, match=r"dvc repro --single-item download failed(.|\n)*sha256"):
        reproduce("tiny", overrides={"download.sha256": "0" * 64})
    assert find_clones(project) == []


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("failed to run: python -m pipeline.stages.download, exited with 75", True),
        ("ERROR: Unable to acquire lock", True),
        ("'data/raw' is busy, it is being blocked by: read (PID 7)", True),
        ("failed to run: python -m pipeline.stages.download, exited with 1", False),
    ],
)
def test_only_what_may_pass_is_tried_again(reason, expected):
    class State:
        data = DvcError(reason)

    assert may_pass(None, None, State) is expected


def test_every_recipe_has_its_deployments():
    deployments = YAML(typ="safe").load(ROOT / "prefect.yaml")["deployments"]
    received = {(item["entrypoint"], item["name"], item["parameters"]["recipe"]) for item in deployments}
    recipes = [path.stem for path in (ROOT / "recipes").glob("*.yaml")]
    assert received == {(f"flows/{flow}.py:{flow}", name, name) for flow in ("reproduce", "tables") for name in recipes}
    assert len(deployments) == len(received)


@pytest.fixture
def server(project, first_run, tmp_path):
    """A Prefect server with the project's deployments, and a worker of their pool."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    api = f"http://127.0.0.1:{port}/api"
    project.env |= {"PREFECT_HOME": str(tmp_path), "PREFECT_API_URL": api, "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    processes = [project.start("prefect", "server", "start", "--port", str(port))]
    try:
        wait_until(lambda: answers(port), 60)
        project.run("prefect", "work-pool", "create", "--type", "process", "local")
        project.run("prefect", "--no-prompt", "deploy", "--all")
        processes.append(project.start("prefect", "worker", "start", "--pool", "local"))
        yield
    finally:
        for process in reversed(processes):
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for name in ("PREFECT_HOME", "PREFECT_API_URL", "PREFECT_SERVER_ANALYTICS_ENABLED"):
            del project.env[name]


def answers(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def find_clones(project):
    return list((project.folder / CLONES).iterdir())


def is_training(project):
    commands = [process.cmdline() for clone in find_clones(project) for process in find_processes(str(clone))]
    return any("pipeline.stages.train" in command for command in commands)


def test_a_deployment_runs_on_a_worker_and_can_be_cancelled(project, server):
    project.run("git", "update-ref", "-d", find_reference(project, "tiny-nal"))
    project.run("prefect", "deployment", "run", "reproduce/tiny", "-p", "learning=nal", "--watch")
    changes = json.loads(project.run("dvc", "metrics", "diff", "tiny-arl", "tiny-nal", "--all", "--json"))
    assert set(changes) == {f"metrics/{NETWORK}.json"}

    output = project.run("prefect", "deployment", "run", "reproduce/tiny", "-p", "seed=9")
    run_id = next(line.split()[-1] for line in output.splitlines() if "UUID" in line)
    wait_until(lambda: is_training(project), 60)
    (clone,) = find_clones(project)
    project.run("prefect", "flow-run", "cancel", run_id)
    wait_until(lambda: not find_processes(str(clone)) and not clone.exists(), 35)
    wait_until(lambda: "CANCELLED" in project.run("prefect", "flow-run", "inspect", run_id), 35)
