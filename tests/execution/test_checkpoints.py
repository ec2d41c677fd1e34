"""Checkpoints that reach another machine by a DVC remote in a folder."""

import hashlib
import json
import os
import shutil
import time

import pytest

from execution.checkpoints import PARTS_FILE
from execution.dvc_client import DvcError
from execution.git import read_committed
from execution.origin import bring_commit
from execution.places import Places
from execution.plan import plan_run
from execution.run_plan import run_plan
from pipeline.training import identity
from tests.flows.projects import MeasuredProject, TinyProject
from tests.tiny_repository import load_yaml

NETWORK = "attention-56"
TRAINING = f"{NETWORK}-arl-s0-0123456789ab"
PARAMETERS = {"network": NETWORK, "model.learning": "arl", "train.seed": 0}
SHARD = "data/tfrecords/shard"
TOLD = {"parameters": PARAMETERS, "data": {SHARD: hashlib.sha256(b"images\n").hexdigest()}, "code": {}}
# Goes on from the last checkpoint that it finds for two epochs, and fails but after the fourth.
TRAIN = f"""
mkdir -p "$CHECKPOINT_DIR/{TRAINING}" && cd "$CHECKPOINT_DIR/{TRAINING}"
echo '{json.dumps(TOLD)}' > training.json
last=$(ls | grep checkpoint | tail -1); echo "found $last"
last=${{last#step-}}; last=${{last%.checkpoint}}
for epoch in 1 2; do last=$((last + 1)); echo state > step-$last.checkpoint; echo epoch $last; sleep 0.5; done
echo ended
[ $last = 4 ]
"""


def test_a_training_is_found_by_the_file_that_it_writes():
    assert PARTS_FILE == identity.PARTS_FILE


@pytest.fixture(autouse=True)
def _at_every_line(monkeypatch):
    monkeypatch.setattr("execution.checkpoints.INTERVAL_SECONDS", 0)


class Machines:
    """Machines that share a project's origin and a remote."""

    def __init__(self, project, folder, monkeypatch):
        project.enter(monkeypatch)
        self.folder = folder
        self.origin = f"file://{folder}/origin.git"
        project.run("git", "clone", "--quiet", "--bare", ".", str(folder / "origin.git"))

    def run(self, name, recipe, watch=lambda line: None):
        """Run a recipe on a machine, and give what it printed; `watch` sees each line."""
        places, printed = Places(self.folder / name, self.origin, str(self.folder / "remote")), []
        bring_commit(places, "HEAD")
        plan = plan_run(places.repository, recipe, "arl", networks=None if recipe == "tiny" else [NETWORK])

        def show(line):
            printed.append(line)
            watch(line)

        revision = run_plan(places, plan, lambda _, step: step(show), show)
        return printed, read_committed(places.repository, revision, "dvc.lock")

    def list_checkpoints(self):
        """The names of the files of checkpoints in the remote."""
        return sorted(path.name for path in (self.folder / "remote/checkpoints").rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = MeasuredProject(tmp_path_factory.mktemp("measured"))
    script = (project.folder / "train.sh").read_text()
    (project.folder / "train.sh").write_text(f"({TRAIN}) || exit 1\n{script}")
    project.commit("a training with checkpoints")
    return project


@pytest.fixture
def machines(project, tmp_path, monkeypatch):
    return Machines(project, tmp_path, monkeypatch)


def test_a_machine_goes_on_from_what_another_has_got_to_and_the_remote_forgets_it_at_the_end(machines):
    with pytest.raises(DvcError):
        machines.run("one", "demo")
    assert machines.list_checkpoints() == ["step-2.checkpoint"]
    shutil.rmtree(machines.folder / "one")
    printed, _ = machines.run("two", "demo")
    assert "found step-2.checkpoint" in printed
    assert machines.list_checkpoints() == []


def test_what_a_training_of_other_data_has_got_to_is_not_pushed_for_it(machines):
    other = machines.folder / "one/checkpoints" / TRAINING.replace("0123", "4567")
    bring_commit(Places(machines.folder / "one", machines.origin), "HEAD")
    other.mkdir(parents=True)
    (other / PARTS_FILE).write_text(json.dumps(TOLD | {"data": {SHARD: "0" * 64}}))
    (other / "step-9.checkpoint").touch()
    later = time.time() + 1000
    os.utime(other / "step-9.checkpoint", (later, later))
    with pytest.raises(DvcError):
        machines.run("one", "demo")
    assert machines.list_checkpoints() == ["step-2.checkpoint"]


def test_neither_what_is_behind_nor_what_is_torn_or_of_another_stage_is_taken(machines):
    with pytest.raises(DvcError):
        machines.run("one", "demo")
    (folder,) = (machines.folder / "remote/checkpoints").glob(f"*/{TRAINING}")
    (folder / ".torn.tmp").write_text("sta")
    other = folder.parents[1] / ("0" * 64) / TRAINING
    other.mkdir(parents=True)
    (other / "step-9.checkpoint").touch()
    own = machines.folder / "two/checkpoints" / TRAINING
    bring_commit(Places(machines.folder / "two", machines.origin), "HEAD")
    own.mkdir(parents=True)
    (own / "step-2.checkpoint").write_text("own")
    machines.run("two", "demo")
    assert (own / "step-2.checkpoint").read_text() == "own"
    assert {path.name for path in own.iterdir()} == {f"step-{step}.checkpoint" for step in (2, 3, 4)} | {
        "training.json"
    }


def test_a_remote_that_takes_no_checkpoint_costs_no_training(machines):
    own = machines.folder / "one/checkpoints" / TRAINING
    bring_commit(Places(machines.folder / "one", machines.origin), "HEAD")
    own.mkdir(parents=True)
    (own / "step-2.checkpoint").touch()
    (machines.folder / "remote").mkdir()
    (machines.folder / "remote/checkpoints").touch()  # no folder
    printed, _ = machines.run("one", "demo")
    assert any(line.startswith("checkpoint not pushed: ") for line in printed)


@pytest.mark.slow
def test_a_training_that_goes_on_elsewhere_has_the_bytes_of_one_that_was_not_interrupted(tmp_path, monkeypatch):
    project = TinyProject(tmp_path / "project", tmp_path)
    machines = Machines(project, tmp_path, monkeypatch)

    def die(line):
        if line.startswith("epoch 2/3"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        machines.run("one", "tiny", die)
    assert len(machines.list_checkpoints()) == 1
    shutil.rmtree(tmp_path / "one")
    printed, lock = machines.run("two", "tiny")
    assert [line.split(":")[0] for line in printed if line.startswith("epoch ")][-1] == "epoch 3/3"
    assert not [line for line in printed if line.startswith("epoch 1/3")]
    shutil.rmtree(tmp_path / "remote")
    _, whole = machines.run("three", "tiny")
    models = [load_yaml(text)["stages"]["train@attention-mini"]["outs"][0]["md5"] for text in (lock, whole)]
    assert models[0] == models[1]
