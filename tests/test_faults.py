"""The fault campaign, `pytest -m slow -s tests/test_faults.py`: kills at random moments lose an epoch at most.

About an hour on two CPU cores; outside of CI.
"""

import contextlib
import os
import random
import shutil
import signal
import statistics
import subprocess
import time

import numpy as np
import psutil
import pytest

from pipeline.training.checkpoints import Checkpoint, CheckpointFolder
from tests.tiny_repository import Repository, write_tiny_params

pytestmark = pytest.mark.slow
PIPELINE_KILLS, CHECKPOINT_KILLS = 100, 1000


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A repository in which nothing has run."""
    repository = Repository(tmp_path_factory.mktemp("template"), tmp_path_factory.mktemp("home"))
    repository.copy_project()
    write_tiny_params(repository.folder / "params.yaml")
    (repository.folder / "dvc.lock").unlink()
    repository.commit("as published")
    return repository


@pytest.fixture
def fresh(template, tmp_path):
    """Make a copy of the template in an empty place."""

    def make():
        shutil.rmtree(tmp_path / "repository", ignore_errors=True)
        shutil.copytree(template.folder, tmp_path / "repository")
        return Repository(tmp_path / "repository", tmp_path)

    return make


def kill(process, victim):
    """Kill the whole run, DVC alone, or the stage alone; False where there is no such process at the moment."""
    with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
        descendants = psutil.Process(process.pid).children(recursive=True)
        stages = [child for child in descendants if any("pipeline.stages" in word for word in child.cmdline())]
        if victim == "all":
            os.killpg(process.pid, signal.SIGKILL)
        elif victim == "dvc":
            process.kill()
        elif stages:
            stages[-1].kill()
        else:
            return False
        return process.wait(60) != 0
    return False


def run_and_kill(repository, victim, delay):
    """Start `dvc repro` and kill it after a while; gives the seconds it ran, or None where it ended by itself."""
    start = time.monotonic()
    process = repository.start("dvc", "repro", start_new_session=True, stderr=subprocess.DEVNULL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(delay)
    killed = process.poll() is None and kill(process, victim)
    if not killed and process.poll() is None:
        process.wait(300)
    return time.monotonic() - start if killed else None


def test_a_pipeline_killed_at_any_moment_ends_with_the_same_bytes(fresh):
    repository = fresh()
    start = time.monotonic()
    repository.run("dvc", "repro")
    whole = time.monotonic() - start
    expected = repository.hash_outputs()
    draw, lost, trials = random.Random(0), [], 0
    while len(lost) < PIPELINE_KILLS:
        trials += 1
        assert trials < 3 * PIPELINE_KILLS
        victim, delay = draw.choice(("all", "dvc", "stage")), draw.uniform(0, whole)
        repository = fresh()
        before = run_and_kill(repository, victim, delay)
        if before is None:
            continue
        start = time.monotonic()
        output = repository.run("dvc", "repro")
        lost.append(before + time.monotonic() - start - whole)
        assert repository.hash_outputs() == expected, (victim, delay, output[-3000:])
        assert not list(repository.folder.rglob("*.aside")), (victim, delay)
        print(
            f"{len(lost)}: {victim} killed after {before:.1f} s of {whole:.1f}; the same bytes, {lost[-1]:.1f} s lost"
        )
    print(
        f"{len(lost)} of {PIPELINE_KILLS} killed pipelines end with the reference's bytes ({len(expected)} files); "
        f"seconds lost: median {statistics.median(lost):.1f}, maximum {max(lost):.1f}, of {whole:.1f}"
    )


def make_checkpoint(step):
    return Checkpoint(step, {"network/a": np.full((256, 1024), step, np.float32)}, {"history": [step]})


def save_until_killed(folder, acknowledge):
    step = 0
    while True:
        step += 1
        folder.save(make_checkpoint(step))
        os.write(acknowledge, step.to_bytes(4, "little"))


def test_checkpoints_of_a_process_killed_at_any_moment_are_whole(tmp_path):
    draw, lost = random.Random(0), []
    for trial in range(CHECKPOINT_KILLS):
        folder = CheckpointFolder(tmp_path / "run", "digest")
        reading, writing = os.pipe()
        if not (process := os.fork()):
            save_until_killed(folder, writing)
        os.close(writing)
        saved = int.from_bytes(os.read(reading, 4), "little")
        time.sleep(draw.uniform(0, 0.02))
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        while said := os.read(reading, 4):
            saved = int.from_bytes(said, "little")
        os.close(reading)
        loaded = folder.load_latest()
        assert loaded.step in (saved, saved + 1), trial
        assert loaded.values == {"history": [loaded.step]}
        np.testing.assert_array_equal(loaded.arrays["network/a"], make_checkpoint(loaded.step).arrays["network/a"])
        lost.append(saved + 1 - loaded.step)
        folder.remove()
    print(f"{len(lost)} of {CHECKPOINT_KILLS} killed savers leave a whole checkpoint, the last or the one being saved")
    print(f"checkpoints lost, of the one being saved: {sum(lost)}; of those that were saved: 0")
