"""What several settings say together: a change along an axis, and how narrow an interval more seeds would give."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np


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
    if count == 2:
        return LineTest(count, first, last, values[last] - values[first], None)
    # Not scipy.stats.linregress, which has no number where all values are equal.
    (slope, _), covariance = np.polyfit([*values.keys()], [*values.values()], 1, cov=True)
    error = float(stdtrit(count - 2, 0.975)) * math.sqrt(covariance[0, 0])
    return LineTest(count, first, last, float(slope) * (last - first), error * (last - first))


def foresee_half_width(half_width: float, seeds: int, planned: int) -> float:
    """Half the interval that more pairs of seeds would have, if they were spread as these are.

    Args:
        half_width: of Student's 95 % interval by the pairs that there are.
        seeds: how many these are, at least 2.
        planned: how many there would be, at least 2.
    """
    from scipy.special import stdtrit

    now, then = (float(stdtrit(count - 1, 0.975)) / math.sqrt(count) for count in (seeds, planned))
    return half_width * then / now
