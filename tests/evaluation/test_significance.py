from math import comb

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from pipeline.evaluation.significance import (
    bound_error,
    compare_predictions,
    compare_seeds,
    count_seeds,
    estimate_superiority,
)


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
    """The interval's with two images more, which only one of the models classifies correctly."""
    first, second = make_correct(only_first, only_second)
    differences = pd.Series(first.astype(float) - second)
    test = compare_predictions(first, second)
    assert test.change == pytest.approx(100 * differences.mean())
    more = pd.concat([differences, pd.Series([1.0, -1.0])])
    assert test.half_width == pytest.approx(100 * 1.96 * more.sem(ddof=0))


@pytest.mark.parametrize(("wrong", "images"), [(0, 1000), (1, 20), (1123, 10_000), (1000, 1000)])
def test_the_interval_of_an_error_is_wilsons(wrong, images):
    interval = scipy.stats.binomtest(wrong, images).proportion_ci(0.95, "wilson")
    expected = 50 * (interval.high - interval.low)
    assert bound_error(100 * wrong / images, images) == pytest.approx(expected, rel=1e-4)


def test_the_interval_of_several_seeds_is_that_of_students_paired_test():
    first, second = [10.1, 10.5, 9.9, 10.4], [10.6, 10.4, 10.5, 10.9]
    test = compare_seeds(first, second)
    interval = scipy.stats.ttest_rel(second, first).confidence_interval(0.95)
    assert test.seeds == 4
    assert test.change == pytest.approx((interval.low + interval.high) / 2)
    assert test.half_width == pytest.approx((interval.high - interval.low) / 2)


def test_the_superiority_is_mann_and_whitneys():
    first, second = [10.0, 20.0, 30.0], [30.0, 10.0, 50.0, 5.0]
    expected = scipy.stats.mannwhitneyu(first, second).statistic / 12
    assert estimate_superiority(first, second) == pytest.approx(expected)


def test_one_seed_has_no_interval():
    assert compare_seeds([10.0], [11.0]) == (1, 1.0, None)


@pytest.mark.parametrize(("effect", "seeds"), [(0.5, 64), (0.8, 26), (1.2, 12), (1.4, 10)])
def test_the_seeds_that_a_difference_takes_are_those_of_cohens_table(effect, seeds):
    # Cohen 1988, table 2.4.1: two-sided 5 %, power 0.8.
    assert count_seeds(effect * 0.25, 0.25) == seeds
