import numpy as np
import pytest

from pipeline.cifar.batches import Split
from pipeline.errors import InputError
from tests.augments import OFF

NO_IMAGES = Split(np.empty((0, 32, 32, 3), np.uint8), np.empty(0, np.int64))


def test_another_seed_gives_other_weights(make_run, train, uninterrupted):
    weights, _ = train(make_run(seed=1))
    assert any(not np.array_equal(weights[name], uninterrupted[0][name]) for name in weights)


def test_history_has_a_row_for_each_epoch(uninterrupted):
    history = uninterrupted[1].history
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]
    for row in history:
        assert row["learning_rate"] == pytest.approx(0.02)
        assert 0 <= row["train_error_percent"] <= 100
        assert row["validation_error_percent"] in range(0, 101, 10)
        assert row["validation_loss"] > 0


def test_a_few_images_are_learned_by_heart(make_run, train):
    epochs = 60
    rates = np.full(3 * epochs, 0.02, np.float32)
    run = make_run(epochs, augment=OFF, ema_momentum=0.0, learning_rates=rates, validation=NO_IMAGES)
    _, outcome = train(run, weight_decay=0.0)
    assert outcome.history[0]["train_error_percent"] > 60
    assert outcome.history[0]["validation_error_percent"] is None
    assert outcome.history[-1]["train_error_percent"] < 30


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_checkpoint(make_run, train, tmp_path):
    rates = np.repeat(np.array([0.01, np.nan, 0.01], np.float32), 3)
    with pytest.raises(InputError, match=r"requires a finite loss\. Received: nan in epoch 2, step 2 of 3"):
        train(make_run(3, learning_rates=rates), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000003.checkpoint"]


def test_a_weight_that_is_not_finite_is_no_checkpoint(make_run, train, tmp_path):
    """The last step of an epoch moves weights that no loss has seen."""
    rates = np.repeat(np.array([0.01, 0.01], np.float32), 3)
    rates[5] = np.nan
    with pytest.raises(InputError, match=r"requires finite weights\. Received: others in \S+ after epoch 2"):
        train(make_run(2, learning_rates=rates), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000003.checkpoint"]
