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


def test_steps_divide_at_the_papers_iterations():
    rates = step_learning_rates(0.1, 0, 160_000, [64_000, 96_000], 0.1)
    iterations = [0, 63_999, 64_000, 95_999, 96_000, 159_999]
    np.testing.assert_allclose(rates[iterations], [0.1, 0.1, 0.01, 0.01, 0.001, 0.001], rtol=1e-6)
