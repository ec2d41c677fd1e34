"""The fault campaign, `pytest -m slow -s tests/test_faults.py`: kills at random moments, and the same bytes.

About three quarters of an hour on two CPU cores; outside of CI.
"""

import contextlib
import os
import random
import shutil
import signal
import statistics
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

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


def make_copy(template, folder):
    """A copy of the template with a home of its own."""
    shutil.copytree(template.folder, folder / "repository")
    return Repository(folder / "repository", folder)


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


def try_once(template, folder, expected, whole, victim, delay):
    """Kill a run, run again, compare; gives what happened and the seconds lost, or None where nothing was killed."""
    repository = make_copy(template, folder)
    before = run_and_kill(repository, victim, delay)
    if before is None:
        return None
    start = time.monotonic()
    output = repository.run("dvc", "repro")
    lost = before + time.monotonic() - start - whole
    same = repository.hash_outputs() == expected and not list(repository.folder.rglob("*.aside"))
    print(
        f"{victim} killed after {before:.1f} s: {'the same bytes' if same else output}, {lost:.1f} s lost", flush=True
    )
    shutil.rmtree(folder)
    return same, lost


def test_a_pipeline_killed_at_any_moment_ends_with_the_same_bytes(template, tmp_path):
    workers = os.cpu_count()
    with ThreadPoolExecutor(workers) as pool:
        # The reference runs beside others too, so that its seconds compare.
        references = [make_copy(template, tmp_path / f"reference{number}") for number in range(workers)]
        start = time.monotonic()
        list(pool.map(lambda repository: repository.run("dvc", "repro"), references))
        whole = time.monotonic() - start
        expected = references[0].hash_outputs()
        draw = random.Random(0)
        choices = [(draw.choice(("all", "dvc", "stage")), draw.uniform(0, whole)) for _ in range(2 * PIPELINE_KILLS)]
        trials = (
            pool.submit(try_once, template, tmp_path / str(number), expected, whole, *choice)
            for number, choice in enumerate(choices)
        )
        outcomes = []
        while len(outcomes) < PIPELINE_KILLS:
            batch = [trial.result() for trial in [next(trials) for _ in range(workers)]]
            outcomes += [outcome for outcome in batch if outcome]
    lost = [seconds for _, seconds in outcomes]
    print(
        f"{sum(same for same, _ in outcomes)} of {len(outcomes)} killed pipelines end with the reference's bytes "
        f"({len(expected)} files); seconds lost: median {statistics.median(lost):.1f}, maximum {max(lost):.1f}, "
        f"of {whole:.1f}"
    )
    assert all(same for same, _ in outcomes)


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
