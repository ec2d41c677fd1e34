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

import psutil
import pytest

from tests.tiny_repository import Repository, write_tiny_params

pytestmark = pytest.mark.slow
PIPELINE_KILLS = 100


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
