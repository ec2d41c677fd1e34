"""A checkpoint's save, killed or refused by the disk before each system call that changes anything on it."""

import re
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from pipeline.training.checkpoints import CheckpointFolder
from tests.tiny_repository import ROOT
from tests.training.saved_checkpoint import DIGEST, make_checkpoint

CALLS = "mkdir,openat,write,fsync,ftruncate,rename,renameat,renameat2,unlink,unlinkat"


def trace_save(folder, *options):
    """Save a third checkpoint in a process of its own; strace sees its calls on the checkpoints' files only."""
    files = [folder / f"step-00000000{step}.{kind}" for step in (1, 2, 3) for kind in ("checkpoint", "aside")]
    paths = [word for path in (folder, *files) for word in ("-P", path)]
    command = ["strace", "-f", "-qq", *paths, *options, sys.executable, "-m", "tests.training.saved_checkpoint", folder]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


def make_folder(path):
    folder = CheckpointFolder(path, DIGEST)
    for step in (1, 2):
        folder.save(make_checkpoint(step))
    return folder


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    """Each call of a save that changes anything on the disk: its name, and the how many-th of that name it is."""
    log = tmp_path_factory.mktemp("log") / "calls"
    if not shutil.which("strace"):
        pytest.skip("strace is not there")
    done = trace_save(make_folder(tmp_path_factory.mktemp("calls")).folder, "-o", log, "-e", f"trace={CALLS}")
    if done.returncode:
        pytest.skip(f"strace may not trace: {done.stderr.strip()}")
    names = re.findall(r"^\d+ +(\w+)\(", log.read_text(), re.MULTILINE)
    return [(name, names[: place + 1].count(name)) for place, name in enumerate(names)]


def test_a_save_makes_flushes_and_names_a_file_then_flushes_the_folder_and_removes_the_oldest(calls):
    # The folder is there; a file that is named has nothing aside to remove.
    assert [name for name, _ in calls] == [
        "mkdir", "openat", "write", "write", "fsync", "rename", "unlink", "openat", "fsync", "openat", "unlink",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "status"),
    [("signal=KILL", -signal.SIGKILL), ("error=ENOSPC", 1)],
    ids=["kill", "full disk"],
)
def test_a_fault_at_any_call_of_a_save_leaves_a_whole_checkpoint(fault, status, calls, tmp_path):
    steps = []
    for name, number in calls:
        folder = make_folder(tmp_path / f"{name}-{number}")
        done = trace_save(folder.folder, "-o", "/dev/null", "-e", f"inject={name}:{fault}:when={number}")
        assert done.returncode in (status, 0), done.stderr
        loaded = folder.load_latest()
        np.testing.assert_equal(loaded.arrays, make_checkpoint(loaded.step).arrays)
        assert loaded.values == make_checkpoint(loaded.step).values
        assert done.returncode or loaded.step == 3
        steps.append(loaded.step)
        folder.save(make_checkpoint(3))
        assert folder.load_latest().step == 3
        assert len(list(folder.folder.iterdir())) == 2
    # An error of mkdir means nothing where the folder is there.
    assert steps[1:] == sorted(steps[1:])
    assert set(steps) == {2, 3}
