"""`make reproduce` as a user runs it: Prefect's own server, real DVC, a recipe that takes seconds."""

import contextlib
import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import dvc.api
import numpy as np
import pandas as pd
import psutil
import pytest

from execution.guard import find_processes
from tests.flows.test_terminal import run_in_terminal
from tests.tiny_repository import NETWORK, Repository, wait_until


def ran_stages(output):
    return [line.split("'")[-2] for line in output.splitlines() if "Running stage" in line]


def test_both_tables_are_printed_and_where_the_page_is(project, first_run):
    page = "comparisons/tiny-arl-tiny-nal/comparison.md"
    assert "| Network | tiny-arl (ARL) | tiny-nal (NAL) | Change |" in first_run
    assert first_run.count("| Network | Train error, % | Validation error, % | Test error, % |") >= 2
    assert f"This page, with pictures: {page.replace('.md', '.html')}\n" in first_run
    assert (project.folder / page).with_suffix(".html").read_text().count("<svg") > 4
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
    assert first_run.count("left out, because not committed: prefect.toml, scratch.txt") == 1
    assert project.find_clones() == []


START = """
import os
from flows.own_server import STARTUP, serve_alone, stay_here
from pipeline.errors import ended_plainly
stay_here()
os.environ[STARTUP] = "0"
with ended_plainly(), serve_alone():
    pass
"""


def test_a_server_that_does_not_start_in_time_is_told_in_one_line(project, first_run):
    output = project.run("sh", "-c", f"python -c '{START}' 2>&1; echo status $?")
    assert output.startswith("error: a flow requires a Prefect server that starts in 0 s. Received: ")
    assert output.endswith("\nstatus 1\n")
    assert output.count("\n") == 2


def read_json(project, *command):
    return json.loads(project.run("dvc", *command, "--json"))


def test_dvc_shows_experiments_as_editors_read_them(project, first_run):
    workspace, head = read_json(project, "exp", "show")
    assert workspace["rev"] == "workspace"
    assert head["rev"] == project.run("git", "rev-parse", "HEAD").strip()
    shown = {experiment["name"]: experiment["revs"][0] for experiment in head["experiments"]}
    assert shown.keys() == {"tiny-arl", "tiny-nal"}
    for name, revision in shown.items():
        data = revision["data"]
        assert data["params"]["params.yaml"]["data"]["model"]["learning"] == name.removeprefix("tiny-")
        recorded = project.run("git", "show", f"{revision['rev']}:metrics/{NETWORK}.json")
        assert data["metrics"] == {f"metrics/{NETWORK}.json": {"data": json.loads(recorded)}}
        assert {f"models/{NETWORK}", f"masks/{NETWORK}.npz"} <= data["outs"].keys()
        assert {"data/tfrecords", "pipeline/stages/train.py"} <= data["deps"].keys()


def test_dvcs_differences_have_both_experiments_and_all_their_rows(project, first_run):
    names = "tiny-arl", "tiny-nal"
    (changes,) = read_json(project, "metrics", "diff", *names, "--all").values()
    assert len(changes) == 3
    for change in changes.values():
        assert change.keys() >= {"old", "new"}
        assert change.get("diff", 0) == pytest.approx(change["new"] - change["old"])
    plots = read_json(project, "plots", "diff", *names)["data"]
    assert plots.keys() == {f"history/{NETWORK}.csv", f"predictions/{NETWORK}.csv"}
    for path, (plot,) in plots.items():
        assert plot["type"] == "vega"
        assert plot["revisions"] == [*names]
        assert NETWORK in plot["content"]["title"]["text"]  # all networks' plots are on one page
        text = {name: dvc.api.read(path, str(project.folder), rev=name) for name in names}
        rows = [(name, *row.values()) for name in names for row in csv.DictReader(io.StringIO(text[name]))]
        values = plot["content"]["data"]["values"]
        assert [(row.pop("rev"), *map(str, row.values())) for row in values] == rows
    parameters = read_json(project, "params", "diff", *names)
    assert parameters == {"params.yaml": {"model.learning": {"old": "arl", "new": "nal"}}}
    curve = plots[f"history/{NETWORK}.csv"][0]["content"]
    assert curve["encoding"]["x"]["field"] == "epoch"
    assert '"title": "Validation error, %"' in json.dumps(curve)


@pytest.fixture(scope="module")
def published(project, first_run, tmp_path_factory):
    """A clone that has no experiments and no cache, but what is published with its models."""
    clone = Repository(tmp_path_factory.mktemp("clones") / "clone", tmp_path_factory.mktemp("home"))
    try:
        output = project.run("python", "-m", "flows.publish", "--models", "tiny-arl", "tiny-nal")
        assert "results/tiny-nal\n" in output
        clone.folder.mkdir()
        clone.run("git", "clone", "--quiet", str(project.folder), ".")
        shutil.copytree(project.folder / "results", clone.folder / "results", dirs_exist_ok=True)
    finally:
        project.run("git", "clean", "-fdq", "results")
        project.run("git", "checkout", "--quiet", "README.md")
    return clone


def test_a_clone_without_experiments_and_cache_compares_what_is_published(project, published):
    output = published.run("python", "-m", "flows.compare", "--html", "results/tiny-arl", "results/tiny-nal")
    html = Path(output.splitlines()[-1]).read_text()
    assert html.count("images, and the masks of its modules.</figcaption>") == 2
    page = (project.folder / "comparisons/tiny-arl-tiny-nal/comparison.md").read_text()
    # Of what is on the page, only the runs' names are others.
    assert output.replace("results/", "").startswith(page)


PLAIN_KERAS = """
import sys, numpy as np
images = np.load("images.npy")
{}
np.save("probabilities.npy", probabilities)
assert not [name for name in sys.modules if name.startswith("pipeline")]
"""


def test_keras_alone_finds_a_published_models_recorded_predictions_by_the_lines_of_its_card(
    project, published, tmp_path
):
    folder = published.folder / "results/tiny-arl"
    card = (folder / f"model-card-{NETWORK}.md").read_text()
    shutil.copytree(folder / "models", tmp_path / "results/tiny-arl/models")
    images = dvc.api.read("data/prepared/test-images.npy", str(project.folder), rev="tiny-arl", mode="rb")
    (tmp_path / "images.npy").write_bytes(images)
    script = PLAIN_KERAS.format(card.partition("```python\n")[2].partition("```")[0])
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
    recorded = np.load(folder / f"predictions/{NETWORK}.npy")
    np.testing.assert_allclose(np.load(tmp_path / "probabilities.npy"), recorded, atol=2e-3)
    table = pd.read_csv(folder / f"predictions/{NETWORK}.csv")
    np.testing.assert_allclose(recorded.max(axis=1), table["probability"], atol=1e-3)


def test_temporary_files_go_with_the_run(project, first_run):
    wait_until(lambda: not list((project.folder / ".prefect/runs").iterdir()))
    left = ("prefect-workspace-*", "__autograph_*", "runner_storage")
    assert [path for name in left for path in Path(project.env["TMPDIR"]).glob(name)] == []


def test_nothing_goes_wrong_unseen(first_run):
    assert "ERROR" not in first_run
    assert "Traceback" not in first_run


def test_nothing_is_told_to_the_users_own_prefect(project, profile_requests, first_run):
    assert profile_requests == []
    assert [path.name for path in (Path(project.env["HOME"], ".prefect")).iterdir()] == ["profiles.toml"]


def test_a_second_run_trains_nothing_and_a_terminal_shows_a_line_for_each_stage(project, first_run, profile_requests):
    command = [sys.executable, "-m", "flows.local", "tiny"]
    environment = project.env | {"TERM": "xterm", "COLUMNS": "120"}
    shown = run_in_terminal(command, cwd=project.folder, env=environment)
    stages = re.findall(r"✓ (\S+) +\d+\.\d s  (?:as it was|from the cache)", shown)
    network = [f"{stage}@{NETWORK}" for stage in ("train", "evaluate")]
    assert stages == 2 * ["download", "preprocess", "tfrecords", *network, "report"]
    assert shown.count("experiment tiny-") == 2
    for unseen in ("Running stage", "didn't change", "Collecting", "| ---", "Traceback", "Learning curves"):
        assert unseen not in shown
    assert "Network" in shown


@pytest.mark.parametrize(
    ("name", "says"),
    [("nope", "recipe requires one of cifar10-cpu, "), ("studies/nope", "a study requires one of attention, ")],
)
def test_what_is_not_there_is_refused_in_one_line(project, name, says):
    output = project.run("python", "-m", "flows.local", name, check=False)
    line = next(line for line in output.splitlines() if line.startswith("error: "))
    assert line.startswith(f"error: {says}")
    assert line.endswith("Received: nope")
    assert "Traceback" not in output


AFTER_THE_BLOCK = """
from flows.own_server import HOME, serve_alone, stay_here
stay_here()
with serve_alone():
    pass
print("others wait:", (HOME / "lock").exists())
"""


def test_others_wait_until_a_server_has_ended_with_its_process(project, first_run):
    assert "others wait: True\n" in project.run("python", "-c", AFTER_THE_BLOCK)
    assert not (project.folder / ".prefect/lock").exists()


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
        wait_until(project.is_training, 180)
        (clone,) = project.find_clones()
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


@pytest.mark.parametrize("number", [pytest.param(signal.SIGTERM, marks=pytest.mark.slow), signal.SIGKILL])
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
    wait_until(lambda: not any(other.is_running() for other in group) and not project.find_clones(), 20)
