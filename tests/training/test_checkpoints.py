import hashlib
import io
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pipeline.training.checkpoints import Checkpoint, CheckpointFolder
from tests.tiny_repository import wait_until


@pytest.fixture
def folder(tmp_path):
    return CheckpointFolder(tmp_path / "run", "digest-of-the-run")


def make_checkpoint(step):
    arrays = {"network/a/kernel": np.full((2, 3), step, np.float32), "optimizer/step": np.array(7 * step)}
    return Checkpoint(step, arrays, {"history": [{"epoch": step, "loss": None}], "seconds": 1.5})


def assert_equal(received, expected):
    assert (received.step, received.values) == (expected.step, expected.values)
    np.testing.assert_equal(received.arrays, expected.arrays)


def test_a_checkpoint_comes_back_as_it_was_saved(folder):
    folder.save(make_checkpoint(1))
    assert_equal(folder.load_latest(), make_checkpoint(1))


def test_without_a_checkpoint_there_is_none(folder):
    assert folder.load_latest() is None


def test_two_generations_are_kept(folder):
    for step in (1, 2, 3, 10):
        folder.save(make_checkpoint(step))
    assert sorted(path.name for path in folder.folder.iterdir()) == [
        "step-000000003.checkpoint",
        "step-000000010.checkpoint",
    ]
    assert folder.load_latest().step == 10


@pytest.mark.parametrize("position", [0, 63, 65, 200, -1])
def test_a_flipped_byte_is_noticed_and_the_generation_before_is_used(folder, capsys, position):
    folder.save(make_checkpoint(1))
    folder.save(make_checkpoint(2))
    path = folder.folder / "step-000000002.checkpoint"
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    assert_equal(folder.load_latest(), make_checkpoint(1))
    assert "step-000000002.checkpoint: passed over" in capsys.readouterr().err


@pytest.mark.parametrize("length", [0, 10, 64, 65, 100, 500])
def test_a_torn_checkpoint_is_noticed_and_the_generation_before_is_used(folder, length):
    folder.save(make_checkpoint(1))
    folder.save(make_checkpoint(2))
    path = folder.folder / "step-000000002.checkpoint"
    path.write_bytes(path.read_bytes()[:length])
    assert_equal(folder.load_latest(), make_checkpoint(1))


def test_damaged_checkpoints_do_not_take_the_place_of_those_that_follow(folder):
    for step in (8, 9):
        folder.save(make_checkpoint(step))
        (folder.folder / f"step-00000000{step}.checkpoint").write_bytes(b"torn")
    assert folder.load_latest() is None
    for step in (1, 2, 3):
        folder.save(make_checkpoint(step))
        assert_equal(folder.load_latest(), make_checkpoint(step))
    assert len(list(folder.folder.iterdir())) == 2


def test_what_a_killed_save_left_aside_is_not_taken_for_a_checkpoint(folder):
    folder.save(make_checkpoint(1))
    (folder.folder / "step-000000002.aside").write_bytes((folder.folder / "step-000000001.checkpoint").read_bytes())
    assert folder.load_latest().step == 1


def test_a_checkpoint_of_another_run_is_passed_over(folder, capsys):
    folder.save(make_checkpoint(1))
    other = CheckpointFolder(folder.folder, "another-digest")
    assert other.load_latest() is None
    assert "belongs to a run with other parameters, data or code" in capsys.readouterr().err


def test_pickled_content_is_not_loaded(folder, capsys):
    folder.save(make_checkpoint(1))
    content = io.BytesIO()
    values = np.frombuffer(json.dumps({"step": 2, "run": folder.run_digest}).encode(), np.uint8)
    np.savez(content, values=values, pickled=np.array([{}], dtype=object))
    digest = hashlib.sha256(content.getbuffer()).hexdigest().encode()
    (folder.folder / "step-000000002.checkpoint").write_bytes(digest + b"\n" + content.getbuffer())
    assert_equal(folder.load_latest(), make_checkpoint(1))
    assert "allow_pickle=False" in capsys.readouterr().err


def test_removal_leaves_nothing(folder):
    folder.save(make_checkpoint(1))
    folder.remove()
    assert not folder.folder.exists()
    folder.remove()


def test_a_second_process_waits_for_the_first_and_then_has_the_folder(folder, capsys):
    def train():
        with folder.exclusive():
            return folder.load_latest().step

    with ThreadPoolExecutor() as pool:
        with folder.exclusive():
            second = pool.submit(train)
            wait_until(lambda: "waiting for the process that trains the same run" in capsys.readouterr().err)
            folder.save(make_checkpoint(1))
        assert second.result() == 1
