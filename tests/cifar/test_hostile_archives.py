"""Each hostile archive is read once, in one process with limits; see `read_hostile_archives`."""

import json
import sys
from pathlib import Path

import pytest

from tests.cifar.hostile_headers import MARK
from tests.limited import run_limited

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how much memory one reading takes")


def snapshot(folder):
    """All that lies in a folder, with its kind, size and time."""
    return {
        path: (stat.st_mode, stat.st_size, stat.st_mtime_ns) for path in folder.rglob("*") for stat in [path.lstat()]
    }


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What came of each archive; around the folder that it is read in nothing changes."""
    around, archive = tmp_path_factory.mktemp("around"), tmp_path_factory.mktemp("archive") / "data.tar.gz"
    project, temporary = around / "a/b/c/project", around / "temporary"
    for folder in (project, temporary):
        folder.mkdir(parents=True)
    (project / "pyproject.toml").write_text("untouched")
    before = snapshot(around)
    printed = run_limited("tests.cifar.read_hostile_archives", archive, cwd=project, TMPDIR=str(temporary))
    changed = {path for path, _ in set(before.items()) ^ set(snapshot(around).items())}
    assert changed <= {temporary, project, project / "data", project / "data/raw"}
    assert not Path("/", MARK).exists()
    return [json.loads(line) for line in printed.splitlines() if line.startswith("{")]


def test_there_are_hundreds_of_different_archives(results):
    assert len({result["sha256"] for result in results}) >= 200


def test_each_is_refused_in_one_line_or_gives_exactly_the_true_files(results):
    for result in results:
        outcome = result["outcome"]
        assert outcome == "true" or outcome.startswith("refused: "), result
        assert outcome == "true" or (" requires " in outcome and ". Received: " in outcome), result
        assert outcome.isprintable(), result


def test_nothing_is_touched_or_left_or_unpickled(results):
    assert [result for result in results if result["touched"] or result["left"]] == []


def test_none_takes_long_or_much_memory(results):
    slowest, largest = (max(results, key=lambda result: result[key]) for key in ("seconds", "bytes"))
    print(f"slowest: {slowest['name']}, {slowest['seconds']:.2f} s")
    print(f"largest: {largest['name']}, {largest['bytes'] / 2**20:.1f} MiB")
    assert slowest["seconds"] < 5
    assert largest["bytes"] < 64 << 20
