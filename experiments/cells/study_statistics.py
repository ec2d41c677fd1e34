"""What several settings say together: a change along an axis, and how narrow an interval more seeds would give."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from pipeline.evaluation.significance import SeedsTest


class LineTest(NamedTuple):
    """Student's interval of what a straight line through several places rises by.

    Attributes:
        places: how many, at least 2.
        first: the lowest place.
        last: the highest one.
        change: what the line rises by from the first place to the last.
        half_width: half its 95 % interval, in the same unit; None for two places, through which every line goes.
    """

    places: int
    first: float
    last: float
    change: float
    half_width: float | None


def fit_line(values: Mapping[float, float]) -> LineTest | None:
    """The least squares line through values by place, with equal weights; None for fewer than two places.

    Source: Fisher 1922, Journal of the Royal Statistical Society 85, page 607: what a place differs by from the line is
    its error.
    """
    if len(values) < 2:
        return None
    from scipy.special import stdtrit

    first, last, count = min(values), max(values), len(values)
    places, errors = np.array([*values.keys()]), np.array([*values.values()])
    line = np.polynomial.Polynomial.fit(places, errors, 1)
    change = float(line(last) - line(first))
    if count == 2:
        return LineTest(count, first, last, change, None)
    # Not scipy.stats.linregress, which gives the same, but no number where all values are equal.
    deviation = math.sqrt(float(((errors - line(places)) ** 2).sum()) / (count - 2))
    spread = math.sqrt(float(((places - places.mean()) ** 2).sum()))
    half_width = float(stdtrit(count - 2, 0.975)) * deviation / spread * (last - first)
    return LineTest(count, first, last, change, half_width)


def foresee_half_width(test: SeedsTest, seeds: int) -> float | None:
    """Half the interval that another number of pairs would have, if they were spread as these are; None for one pair.

    Args:
        test: of two or more pairs.
        seeds: how many pairs there would be, at least 2.
    """
    if test.half_width is None:
        return None
    from scipy.special import stdtrit

    quantiles = [float(stdtrit(count - 1, 0.975)) / math.sqrt(count) for count in (seeds, test.seeds)]
    return test.half_width * quantiles[0] / quantiles[1]
