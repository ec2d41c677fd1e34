import math

import numpy as np
import pytest

from pipeline.training.schedule import cosine_learning_rates, step_learning_rates


def test_cosine_rises_to_the_peak_and_falls_to_zero():
    rates = cosine_learning_rates(0.2, 10, 110)
    assert len(rates) == 110
    assert rates[0] == pytest.approx(0.02)
    assert rates[9] == pytest.approx(0.2)
    assert rates[60] == pytest.approx(0.1)
    assert 0 < rates[-1] < 1e-4


@pytest.mark.parametrize("step", [0, 3, 10, 11, 57, 99])
def test_cosine_follows_its_formula(step):
    expected = 0.5 * (1 + math.cos(math.pi * max(0, step - 10) / 90)) * min(1, (step + 1) / 10)
    assert cosine_learning_rates(1.0, 10, 100)[step] == pytest.approx(expected, rel=1e-5)


def test_steps_divide_at_the_papers_iterations():
    rates = step_learning_rates(0.1, 0, 160_000, [64_000, 96_000], 0.1)
    iterations = [0, 63_999, 64_000, 95_999, 96_000, 159_999]
    np.testing.assert_allclose(rates[iterations], [0.1, 0.1, 0.01, 0.01, 0.001, 0.001], rtol=1e-6)


def test_steps_without_drops_stay_at_the_peak():
    np.testing.assert_allclose(step_learning_rates(0.1, 0, 5, [], 0.1), 0.1)
