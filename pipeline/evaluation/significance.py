"""Whether errors differ by more than chance: of two models on the same images, and of several seeds."""

import math
from collections.abc import Sequence
from statistics import mean, stdev
from typing import NamedTuple

import numpy as np

Z = 1.96  # of the normal distribution, for 95 %


def bound_error(error: float, images: int) -> float:
    """Half the 95 % interval of an error in percent, from the number of images alone.

    Source: Wilson 1927, Journal of the American Statistical Association 22, page 209; its interval has a width where
    there is no error, too.
    """
    share = error / 100
    spread = math.sqrt(share * (1 - share) / images + (Z / (2 * images)) ** 2)
    return 100 * Z * spread / (1 + Z**2 / images)


class PairedTest(NamedTuple):
    """McNemar's test.

    Attributes:
        only_first: images that the first model alone classifies correctly.
        only_second: images that the second model alone classifies correctly.
        images: all of them, at least 1.
        p_value: of so uneven a division of the first two, or a more uneven one, if both models were equally good.
    """

    only_first: int
    only_second: int
    images: int
    p_value: float

    @property
    def change(self) -> float:
        """Of the error, from the first model to the second, in points."""
        return 100 * (self.only_first - self.only_second) / self.images

    @property
    def half_width(self) -> float:
        """Half the 95 % interval of the change, in points: Wald's, as if each model alone were right once more.

        Source: Bonett and Price 2012, Journal of Educational and Behavioral Statistics 37, page 479; it has a width
        where the models differ on no image, too.
        """
        differ, uneven = self.only_first + self.only_second + 2, self.only_first - self.only_second
        images = self.images + 2
        return 100 * Z * math.sqrt(differ - uneven**2 / images) / images


def compare_predictions(first_correct: np.ndarray, second_correct: np.ndarray) -> PairedTest:
    """McNemar's exact test, two-sided (McNemar 1947, Psychometrika 12, page 153; Dietterich 1998, section 3.1).

    Args:
        first_correct: bool (n,), whether the first model classifies an image correctly.
        second_correct: bool (n,), of the second model, for the same images in the same order.
    """
    # Not scipy.stats.binomtest, which gives the same: its import takes half a second more.
    from scipy.special import bdtr

    only_first = int((first_correct & ~second_correct).sum())
    only_second = int((second_correct & ~first_correct).sum())
    # Both tails of a binomial distribution with p = 1/2, which is symmetric.
    tails = 2 * float(bdtr(min(only_first, only_second), only_first + only_second, 0.5))
    return PairedTest(only_first, only_second, len(first_correct), min(1.0, tails))


class SeedsTest(NamedTuple):
    """Student's interval of a difference that is paired by training seed.

    Attributes:
        seeds: how many pairs, at least 1.
        change: the mean difference, from the first of each pair to the second.
        half_width: half its 95 % interval, in the same unit; None for one pair, which tells nothing of the spread.
    """

    seeds: int
    change: float
    half_width: float | None


def compare_seeds(first: Sequence[float], second: Sequence[float]) -> SeedsTest:
    """The difference of two settings' errors with its interval (Student 1908, Biometrika 6, page 1).

    Args:
        first: the error by the first setting, of one or more seeds.
        second: by the second one, of the same seeds in the same order.
    """
    from scipy.special import stdtrit

    changes = [after - before for before, after in zip(first, second, strict=True)]
    count = len(changes)
    half_width = float(stdtrit(count - 1, 0.975)) * stdev(changes) / math.sqrt(count) if count > 1 else None
    return SeedsTest(count, mean(changes), half_width)


def estimate_superiority(first: Sequence[float], second: Sequence[float]) -> float:
    """How probable it is that a run by the second setting has a lower error than one by the first; a tie is half of it.

    Source: A of Vargha and Delaney 2000, Journal of Educational and Behavioral Statistics 25, page 101.

    Args:
        first: the error by the first setting, of one or more runs.
        second: by the second one.
    """
    return mean((after < before) + 0.5 * (after == before) for before in first for after in second)


def count_seeds(difference: float, deviation: float, power: float = 0.8) -> int:
    """How many seeds of each of two settings show a difference by a two-sided t test at 5 % with a given probability.

    Source: Cohen 1988, "Statistical Power Analysis for the Behavioral Sciences", section 2.4, by the noncentral t.

    Args:
        difference: of the settings' means, above 0.
        deviation: standard deviation between seeds, above 0, in the same unit.
        power: the probability, from 0 to below 1.
    """
    from scipy.special import nctdtr, stdtrit

    count = 2
    while True:
        freedom = 2 * count - 2
        shift = difference / (deviation * math.sqrt(2 / count))
        if 1 - nctdtr(freedom, shift, stdtrit(freedom, 0.975)) >= power:
            return count
        count += 1
