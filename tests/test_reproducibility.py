"""The same bytes, whatever surrounds the build: two builds at once, in surroundings that differ in everything.

Minutes, by real DVC; tests/compute/test_kernels.py has one process in such surroundings, and committed digests.
"""

import os
import shutil
import threading

import pytest

from tests.tiny_repository import Repository, write_tiny_params

# As reproducible-builds.org varies them, and its way to another time where it is there.
FIRST = {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"}
SECOND = {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "4242", "BALLAST": "x" * 100_000}
LATER = ["faketime", "-f", "+400d", "env", "FAKETIME_DONT_FAKE_MONOTONIC=1"]
ONE_CPU = ["taskset", "--cpu-list", str(min(os.sched_getaffinity(0)))]


def build(folder, home, *, recipe, backend, varied):
    """Run the pipeline from nothing and give the digest of each promised file, and when it thought that it ran."""
    repository = Repository(folder, home)
    for path in (folder, home):
        path.mkdir(parents=True)
    # Folders then list their files in another order, where the system lets it show.
    repository.copy_project(backwards=varied)
    params = folder / "params.yaml"
    if recipe == "tiny":
        write_tiny_params(params)
        params.write_text(params.read_text().replace("ema_momentum: 0.0", "ema_momentum: 0.9"))
    params.write_text(params.read_text().replace("backend: tensorflow", f"backend: {backend}"))
    repository.env |= SECOND if varied else FIRST
    later, cpus = (command if varied and shutil.which(command[0]) else [] for command in (LATER, ONE_CPU))
    umask = "0077" if varied else "0022"
    repository.run("sh", "-c", f'umask {umask}; exec "$@"', "sh", *cpus, *later, "dvc", "repro")
    return repository.hash_outputs(), read_date(folder)


def read_date(folder):
    """When TensorBoard's events began, in seconds, as the process saw it; its files are named by it."""
    events = min(folder.glob("logs/*/*/*/*/train/events*"))
    return int(events.name.split(".")[3])


def build_twice(tmp_path, **settings):
    digests = {}

    def work(varied):
        place = tmp_path / ("a longer name of a folder/b" if varied else "a")
        digests[varied] = build(place / "project", place / "home", varied=varied, **settings)

    threads = [threading.Thread(target=work, args=(varied,)) for varied in (False, True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return digests[False], digests[True]


@pytest.mark.parametrize(
    ("recipe", "backend"),
    [
        pytest.param("tiny", "tensorflow", marks=pytest.mark.slow),
        pytest.param("tiny", "jax", marks=pytest.mark.slow),
        pytest.param("demo", "tensorflow", marks=pytest.mark.slow),
        pytest.param("demo", "jax", marks=pytest.mark.slow),
    ],
)
def test_two_builds_in_surroundings_that_differ_in_everything_give_the_same_bytes(recipe, backend, tmp_path):
    (first, first_date), (second, second_date) = build_twice(tmp_path, recipe=recipe, backend=backend)
    if shutil.which("faketime"):
        assert second_date - first_date > 399 * 24 * 3600
    assert len([name for name in first if name.startswith("data/raw")]) == 7
    assert any(name.endswith("model.keras") for name in first)
    differing = [name for name in {**first, **second} if first.get(name) != second.get(name)]
    print(f"{recipe}, {backend}: {len(first)} files, {len(differing)} differ: {differing}")
    assert not differing
