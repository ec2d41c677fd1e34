"""What several settings say together: a change along an axis, and how narrow an interval more seeds would give."""

import math
from collections.abc import Mapping
from typing import NamedTuple

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
    from scipy.stats import linregress

    first, last, count = min(values), max(values), len(values)
    line = linregress([*values.keys()], [*values.values()])
    half_width = float(stdtrit(count - 2, 0.975) * line.stderr) * (last - first) if count > 2 else None
    return LineTest(count, first, last, float(line.slope) * (last - first), half_width)


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
