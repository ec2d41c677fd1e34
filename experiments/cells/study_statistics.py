"""What several settings say together: a change along an axis, and how much seeds differ."""

import math
from collections.abc import Iterable, Sequence
from statistics import variance
from typing import NamedTuple

import numpy as np

Point = tuple[float, float]  # a place, and a value there


class LineTest(NamedTuple):
    """Student's interval of what a straight line through values at several places rises by.

    Attributes:
        places: how many different ones, at least 2.
        first: the lowest place.
        last: the highest one.
        change: what the line rises by from the first place to the last.
        half_width: half its 95 % interval, in the same unit; None for two values, through which every line goes.
    """

    places: int
    first: float
    last: float
    change: float
    half_width: float | None


def fit_line(points: Sequence[Point]) -> LineTest | None:
    """The least squares line through values by place, with equal weights; None for fewer than two places.

    Source: Fisher 1922, Journal of the Royal Statistical Society 85, page 607: what a value differs by from the line is
    its error.
    """
    places, values = zip(*points, strict=True) if points else ((), ())
    if len(set(places)) < 2:
        return None
    from scipy.special import stdtrit

    first, last, count = min(places), max(places), len(points)
    if count == 2:
        rise = values[places.index(last)] - values[places.index(first)]
        return LineTest(count, first, last, rise, None)
    # Not scipy.stats.linregress, which has no number where all values are equal.
    (slope, _), covariance = np.polyfit(places, values, 1, cov=True)
    error = float(stdtrit(count - 2, 0.975)) * math.sqrt(covariance[0, 0])
    return LineTest(len(set(places)), first, last, float(slope) * (last - first), error * (last - first))


class Spread(NamedTuple):
    """How much the errors of one setting differ from seed to seed, by several settings.

    Attributes:
        deviation: the standard deviation, in the errors' unit.
        freedom: its degrees of freedom, at least 1.
    """

    deviation: float
    freedom: int

    def bound_change(self, runs: int) -> float:
        """Half the 95 % interval of the difference of two settings' means, if all settings spread alike.

        Source: Student's test of two samples with the variance pooled over more of them, as in `pool_spread`.

        Args:
            runs: of each of the two, at least 1.
        """
        from scipy.special import stdtrit

        return float(stdtrit(self.freedom, 0.975)) * self.deviation * math.sqrt(2 / runs)


def pool_spread(settings: Iterable[Sequence[float]]) -> Spread | None:
    """The spread between the errors of each setting that has several; None where there is none.

    Source: the pooled variance of Snedecor and Cochran, "Statistical Methods", section 6.8 of the seventh edition.
    """
    several = [errors for errors in settings if len(errors) > 1]
    freedom = sum(len(errors) - 1 for errors in several)
    if not freedom:
        return None
    squares = sum(variance(errors) * (len(errors) - 1) for errors in several)
    return Spread(math.sqrt(squares / freedom), freedom)
