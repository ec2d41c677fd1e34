from math import comb

import numpy as np
import pandas as pd
import pytest

from pipeline.evaluation.significance import compare_predictions


def make_correct(only_first, only_second):
    first = [True] * only_first + [False] * only_second + [True] * 5 + [False] * 3
    second = [False] * only_first + [True] * only_second + [True] * 5 + [False] * 3
    order = np.random.default_rng(0).permutation(len(first))
    return np.array(first)[order], np.array(second)[order]


@pytest.mark.parametrize(
    ("only_first", "only_second"), [(0, 0), (0, 1), (1, 5), (8, 2), (10, 10), (121, 59), (300, 310)]
)
def test_p_is_that_of_the_binomial_sum(only_first, only_second):
    n, smaller = only_first + only_second, min(only_first, only_second)
    expected = min(1.0, 2 * sum(comb(n, k) for k in range(smaller + 1)) / 2**n)
    test = compare_predictions(*make_correct(only_first, only_second))
    assert (test.only_first, test.only_second) == (only_first, only_second)
    assert test.p_value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("only_first", "only_second"), [(0, 0), (1, 5), (121, 59)])
def test_change_and_its_interval_are_those_of_the_mean_of_the_differences(only_first, only_second):
    first, second = make_correct(only_first, only_second)
    differences = pd.Series(first.astype(float) - second)
    test = compare_predictions(first, second)
    assert test.change == pytest.approx(100 * differences.mean())
    assert test.half_width == pytest.approx(100 * 1.96 * differences.sem(ddof=0))
