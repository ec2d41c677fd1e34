import numpy as np
import pytest

from pipeline.settings.params import load_params
from pipeline.settings.sections import Train
from pipeline.training.schedule import cosine_learning_rates, tabulate_learning_rates
from tests.tiny_repository import ROOT

WARM = {"schedule": "cosine", "peak": 0.2, "warmup_epochs": 1.5}


def test_cosine_rises_to_the_peak_and_falls_to_zero():
    rates = cosine_learning_rates(0.2, 10, 110)
    assert len(rates) == 110
    assert rates[0] == pytest.approx(0.02)
    assert rates[9] == pytest.approx(0.2)
    assert rates[60] == pytest.approx(0.1)
    assert 0 < rates[-1] < 1e-4


@pytest.mark.parametrize("recipe", ["cifar10-paper", "cifar100-paper"])
def test_a_papers_recipe_divides_at_the_papers_iterations(recipe):
    """Section 4.1: 160,000 iterations of 64 images, 0.1 divided by 10 after 64,000 and 96,000."""
    settings = load_params(ROOT / f"recipes/{recipe}.yaml").train
    rates = tabulate_learning_rates(settings, 50_000 // settings.batch_size)
    epoch = 50_000 // 64
    assert abs(len(rates) - 160_000) < epoch
    first, second = np.flatnonzero(np.diff(rates)) + 1
    assert abs(first - 64_000) < epoch
    assert abs(second - 96_000) < epoch
    np.testing.assert_allclose(rates[[0, first, second]], [0.1, 0.01, 0.001], rtol=1e-6)


def test_the_rate_rises_for_the_epochs_of_warm_up(demo):
    settings = Train(**demo["train"] | {"epochs": 10, "learning_rate": WARM})
    rates = tabulate_learning_rates(settings, 20)
    assert len(rates) == 200
    assert rates.argmax() + 1 == 30  # 1.5 epochs
    assert rates.max() == pytest.approx(0.2)
