"""A run that is broken off anywhere goes on and ends with the same bits; what a checkpoint lacks must show."""

import shutil

import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.training import trainer
from pipeline.training.checkpoints import CheckpointFolder
from tests.training.tiny_training import STEPS_PER_EPOCH, EndingStep

STEPS = 4 * STEPS_PER_EPOCH


@pytest.fixture(scope="module")
def break_off(make_run, train):
    """Begin the run in a folder, and break it off when `count` steps are done."""

    def run_until(count, folder, **settings):
        def end():
            raise KeyboardInterrupt

        build_step = trainer.build_step
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(trainer, "build_step", lambda *parts: EndingStep(build_step(*parts), count, end))
            with pytest.raises(KeyboardInterrupt):
                train(make_run(), folder, **settings)

    return run_until


@pytest.fixture(scope="module")
def after_seven(break_off, tmp_path_factory):
    """The checkpoints of the run, broken off after seven steps."""
    folder = tmp_path_factory.mktemp("after-seven")
    break_off(7, folder)
    return folder


@pytest.fixture
def broken_off(after_seven, tmp_path):
    """A copy of them."""
    return shutil.copytree(after_seven, tmp_path / "run")


def is_same(received, expected):
    same = all(np.array_equal(received[0][name], weight) for name, weight in expected[0].items())
    return same and received[1].history == expected[1].history


SOME = (1, 2 * STEPS_PER_EPOCH + 1)  # in the first epoch, and behind a checkpoint; all others take minutes


@pytest.mark.parametrize(
    "count", [count if count in SOME else pytest.param(count, marks=pytest.mark.slow) for count in range(1, STEPS)]
)
def test_a_run_broken_off_after_any_step_ends_with_the_same_bits(
    count, break_off, make_run, train, uninterrupted, tmp_path, capsys
):
    break_off(count, tmp_path)
    assert is_same(train(make_run(), tmp_path), uninterrupted)
    epochs = count // STEPS_PER_EPOCH
    assert (f"going on after epoch {epochs} of 4" in capsys.readouterr().out) == (epochs > 0)


def test_a_run_broken_off_after_every_epoch_ends_with_the_same_bits(
    break_off, make_run, train, uninterrupted, tmp_path
):
    for _ in range(2):
        break_off(STEPS_PER_EPOCH, tmp_path)
    assert is_same(train(make_run(), tmp_path), uninterrupted)


def test_a_run_broken_off_after_its_last_checkpoint_has_nothing_left_to_train(
    make_run, train, uninterrupted, tmp_path, monkeypatch
):
    def end(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        # What follows the save of a checkpoint.
        patch.setattr(trainer.Progress, "report", lambda progress, row: row["epoch"] == 4 and end())
        with pytest.raises(KeyboardInterrupt):
            train(make_run(), tmp_path)
        patch.setattr(trainer, "train_epoch", end)
        assert is_same(train(make_run(), tmp_path), uninterrupted)


def keep_initial(group):
    """As if a checkpoint did not hold a group of arrays: they keep the values that a new run gives them."""
    restore = trainer.restore_arrays

    def restore_others(network, average, arrays):
        initial = trainer.collect_arrays(network, average)
        kept = {name: initial[name] for name in arrays if name.startswith(f"{group}/")}
        assert any(not np.array_equal(arrays[name], array) for name, array in kept.items())
        restore(network, average, arrays | kept)

    return restore_others


@pytest.mark.parametrize("group", ["network", "optimizer", "average"])
def test_control_a_checkpoint_without_a_group_of_arrays_is_noticed(
    group, broken_off, make_run, train, uninterrupted, monkeypatch
):
    monkeypatch.setattr(trainer, "restore_arrays", keep_initial(group))
    assert not is_same(train(make_run(), broken_off), uninterrupted)


@pytest.mark.parametrize("step", [0, STEPS_PER_EPOCH])
def test_control_a_checkpoint_with_another_step_is_noticed(
    step, broken_off, make_run, train, uninterrupted, monkeypatch
):
    load = CheckpointFolder.load_latest
    monkeypatch.setattr(CheckpointFolder, "load_latest", lambda folder: load(folder)._replace(step=step))
    assert not is_same(train(make_run(), broken_off), uninterrupted)


def test_a_checkpoint_of_another_network_is_refused(broken_off, make_run, train):
    with pytest.raises(InputError, match=r"the checkpoint requires the arrays of tiny\. Received: others"):
        train(make_run(), broken_off, optimizer="sgd")
