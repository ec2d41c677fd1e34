"""Published figures for the reference columns of the tables: errors in percent, and what they really are."""

from typing import NamedTuple


class SeedResult(NamedTuple):
    """A row of the tables of github.com/Jay4869/Deep-Learning.

    Its column "validation" was measured on images that were trained on too, and its headline error is a training error.

    Attributes:
        arl: last-epoch training error of attention residual learning.
        nal: last-epoch training error of naive attention learning.
        test_arl: the test error in its logs that comes nearest to an honest one, of ARL.
        test_nal: of NAL.
        leaked_validation: of ARL, on images that were trained on.
        minutes: of training ARL, on a P100.
    """

    arl: float
    nal: float | None
    test_arl: float | None
    test_nal: float | None
    leaked_validation: float
    minutes: int


# As its logs show them; its README has the two columns of Attention-56 on CIFAR-10 the other way round. Attention-92's
# learning rate fell from 1e-5 to 1e-9: it never trained.
SEED = {
    "cifar10": {
        "attention-56": SeedResult(5.28, 9.03, test_arl=16.35, test_nal=24.08, leaked_validation=3.27, minutes=337),
        "attention-92": SeedResult(36.2, 40.05, test_arl=35.3, test_nal=None, leaked_validation=33.19, minutes=403),
    },
    "cifar100": {
        "attention-56": SeedResult(7.32, None, test_arl=None, test_nal=None, leaked_validation=5.40, minutes=399),
        "attention-92": SeedResult(71.33, None, test_arl=69.47, test_nal=None, leaked_validation=64.4, minutes=201),
    },
}

# Test errors in percent: Wang et al. 2017 (arXiv 1704.06904), table 3 (CIFAR-10) and table 6 (CIFAR-100, ARL only).
PAPER = {
    "cifar10": {
        "attention-56": {"arl": 5.52, "nal": 5.89},
        "attention-92": {"arl": 4.99, "nal": 5.35},
        "attention-128": {"arl": 4.44, "nal": 5.57},
        "attention-164": {"arl": 4.31, "nal": 7.18},
        "attention-236": {"arl": 4.14},
        "attention-452": {"arl": 3.90},
    },
    "cifar100": {
        "attention-92": {"arl": 21.71},
        "attention-236": {"arl": 21.16},
        "attention-452": {"arl": 20.45},
    },
}
