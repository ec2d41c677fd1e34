"""What a training is, and what is said and kept of others' checkpoints."""

import importlib
import os
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from pipeline.outputs import write_json
from pipeline.training import identity
from pipeline.training.checkpoints import Checkpoint, CheckpointFolder
from tests.tiny_repository import ROOT

SECTIONS = {"model": {"learning": "arl", "width": 1.0}, "train": {"seed": 0, "learning_rate": {"peak": 0.1}}}
MACHINE = {"device": "CPU", "kernels": "portable", "libraries": {"keras": "3"}}


@pytest.fixture
def describe(workspace):
    Path("mean.npy").write_text("mean")

    def describe(name="attention-56", sections=SECTIONS, machine=MACHINE):
        return identity.describe_training(name, sections, [Path("mean.npy")], machine)

    return describe


@pytest.fixture
def begin(workspace):
    """A training of some parts that has got to its first checkpoint."""

    def begin(parts, label=None):
        label = label or "-".join(identity.name_training(parts))
        checkpoints = CheckpointFolder(Path("checkpoints", label), identity.digest_parts(parts))
        write_json(checkpoints.folder / identity.PARTS_FILE, parts)
        checkpoints.save(Checkpoint(1, {"a": np.zeros(1)}, {}))
        return checkpoints

    return begin


@pytest.fixture
def copied_project(tmp_path, monkeypatch):
    """The project's code in another folder, as if loaded from there."""
    shutil.copytree(ROOT / "pipeline", tmp_path / "copy/pipeline", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(identity, "PROJECT", tmp_path / "copy")
    for name in ("training.trainer", "training.progress", "training.logs", "stages.command", "compute.gpu_lock"):
        importlib.import_module(f"pipeline.{name}")
    for name, module in list(sys.modules.items()):
        if name.startswith("pipeline.") and module.__file__:
            file = Path(module.__file__).relative_to(ROOT)
            monkeypatch.setattr(module, "__file__", str(tmp_path / "copy" / file))
    return tmp_path / "copy"


@pytest.mark.parametrize(
    ("file", "same"),
    [
        ("errors.py", True),
        ("locks.py", True),
        ("settings/sections.py", True),
        ("compute/gpu_lock.py", True),
        ("stages/command.py", True),
        ("training/logs.py", True),
        ("training/progress.py", True),
        ("training/steps.py", False),
        ("training/trainer.py", False),
        ("cifar/augmentation.py", False),
        ("model/prediction.py", False),
        ("evaluation/metrics.py", False),
    ],
)
def test_a_training_is_another_where_a_module_that_computes_has_changed(file, same, copied_project, describe):
    before = identity.digest_parts(describe())
    path = copied_project / "pipeline" / file
    path.write_text(path.read_text() + "# changed")
    assert (identity.digest_parts(describe()) == before) is same


def find_checkpoints(parts):
    return CheckpointFolder(Path("checkpoints", "-".join(identity.name_training(parts))), identity.digest_parts(parts))


def change(section, **values):
    """The sections with other values in one of them."""
    return SECTIONS | {section: SECTIONS[section] | values}


def test_a_training_that_begins_anew_beside_anothers_checkpoints_says_what_differs(describe, begin):
    before = begin(describe()).folder
    Path("mean.npy").write_text("another")
    sections = change("train", learning_rate={"peak": 0.2}) | {"model": {"learning": "arl", "width": 0.5}}
    parts = describe(sections=sections, machine=MACHINE | {"device": "H100"})
    parts["code"]["pipeline/training/steps.py"] = "0"
    new = find_checkpoints(parts)
    assert identity.explain_start(new, parts) == (
        f"{before} is of another training: model.width was 1.0 and is 0.5, "
        'train.learning_rate was {"peak": 0.1} and is {"peak": 0.2}, other data, mean.npy, '
        "other code, pipeline/training/steps.py, other machine, device"
    )
    new.save(Checkpoint(1, {"a": np.zeros(1)}, {}))
    assert identity.explain_start(new, parts) == ""  # it goes on


@pytest.mark.parametrize(
    "other",
    [
        {"name": "attention-92"},
        {"sections": change("model", learning="nal")},
        {"sections": change("train", seed=1)},
    ],
)
def test_trainings_of_other_networks_learnings_and_seeds_stand_beside_it(other, describe, begin):
    begin(describe(**other))
    assert identity.explain_start(find_checkpoints(describe()), describe()) == ""


@pytest.mark.parametrize("content", [None, "{", "{}"])
def test_checkpoints_that_do_not_tell_what_made_them_are_named_too(content, describe, begin):
    before = begin(describe())
    path = before.folder / identity.PARTS_FILE
    path.unlink() if content is None else path.write_text(content)
    parts = describe(sections=change("model", width=0.5))
    assert identity.explain_start(find_checkpoints(parts), parts).endswith(
        "of another training: what made them is not told"
    )


def test_checkpoints_that_nobody_holds_go_after_two_weeks(describe, begin):
    days = {"attention-56-arl-1": 13, "attention-56-arl-2": 15, "attention-92-arl-3": 15, "held": 15}
    runs = {label: begin(describe(), label) for label in days}
    Path("checkpoints/mine").mkdir()
    Path("checkpoints/mine/notes.txt").touch()
    for label, old in days.items():
        for path in Path("checkpoints", label).iterdir():
            os.utime(path, (time.time() - old * 24 * 3600,) * 2)
    os.utime(runs["attention-92-arl-3"].folder / "step-000000001.checkpoint")
    os.utime("checkpoints/mine/notes.txt", (0, 0))
    with runs["held"].exclusive():
        identity.remove_forgotten(Path("checkpoints"))
    left = {path.name for path in Path("checkpoints").iterdir()}
    assert left == {"attention-56-arl-1", "attention-92-arl-3", "held", "mine"}
