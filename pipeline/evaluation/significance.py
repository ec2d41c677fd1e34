"""Whether two models' errors on the same images differ by more than chance."""

import math
from typing import NamedTuple

import numpy as np


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
        """Half the 95 % interval of the change, in points: Wald's, for matched pairs (Agresti 2013, chapter 11)."""
        differ, uneven = self.only_first + self.only_second, self.only_first - self.only_second
        return 100 * 1.96 * math.sqrt(differ - uneven**2 / self.images) / self.images


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
