"""Published figures for the reference columns of the tables: errors in percent, and what they really are."""

from typing import NamedTuple


class Figures(NamedTuple):
    """What is published of a network on a data set; None for what is not.

    "Paper" is Wang et al. 2017 (arXiv 1704.06904), table 3 (CIFAR-10, to 164 layers) and table 6 (CIFAR-10 above that,
    and CIFAR-100; ARL only). "Jay4869" is github.com/Jay4869/Deep-Learning: its column "validation" was measured on
    images that were trained on too, and its headline error is a training error.

    Attributes:
        paper_arl: test error of attention residual learning.
        paper_nal: of naive attention learning.
        jay4869_arl: last-epoch training error of ARL.
        jay4869_nal: of NAL.
        jay4869_test_arl: the test error in its logs that comes nearest to an honest one, of ARL.
        jay4869_test_nal: of NAL.
        jay4869_leaked_validation: of ARL, on images that were trained on.
        jay4869_minutes: of training ARL, on a P100.
    """

    paper_arl: float | None = None
    paper_nal: float | None = None
    jay4869_arl: float | None = None
    jay4869_nal: float | None = None
    jay4869_test_arl: float | None = None
    jay4869_test_nal: float | None = None
    jay4869_leaked_validation: float | None = None
    jay4869_minutes: int | None = None


# Jay4869's as its logs show them; its README has the two columns of Attention-56 on CIFAR-10 the other way round.
# Attention-92's learning rate fell from 1e-5 to 1e-9: it never trained.
# Paper: ARL, NAL; Jay4869, training: ARL, NAL; test: ARL, NAL; leaked validation; minutes.
FIGURES = {
    "cifar10": {
        "attention-56": Figures(5.52, 5.89, 5.28, 9.03, 16.35, 24.08, 3.27, 337),
        "attention-92": Figures(4.99, 5.35, 36.2, 40.05, 35.3, None, 33.19, 403),
        "attention-128": Figures(4.44, 5.57),
        "attention-164": Figures(4.31, 7.18),
        "attention-236": Figures(4.14),
        "attention-452": Figures(3.90),
    },
    "cifar100": {
        "attention-56": Figures(None, None, 7.32, None, None, None, 5.40, 399),
        "attention-92": Figures(21.71, None, 71.33, None, 69.47, None, 64.4, 201),
        "attention-236": Figures(21.16),
        "attention-452": Figures(20.45),
    },
}


def find_figures(dataset: str, network: str) -> Figures:
    """What is published of a network, all None where nothing is."""
    return FIGURES.get(dataset, {}).get(network, Figures())
