"""Whether test errors differ by more than chance: by training seeds where they are several, else by test images."""

from collections.abc import Iterator
from itertools import combinations

from experiments.recorded_run import Run, list_networks
from experiments.seeds import Seeds, compare_pairs, format_seeds_test, pair_seeds, title_setting
from pipeline.errors import InputError
from pipeline.evaluation.markdown import Row
from pipeline.evaluation.significance import PairedTest, compare_predictions

PAIRED_NOTE = """\
Change: of the test error, from the first to the second, in points, with its 95 % interval. p: McNemar's exact test,
two-sided. Both are of these two models: they know nothing of other seeds."""
SEEDS_NOTE = """\
Change: of the test error, from one to the other, in points: the mean over the seeds that both have, with Student's 95 %
interval of their differences. It is of training with any seed, on these test images."""


def pair_runs(first: Seeds, second: Seeds) -> list[tuple[Run, Run]]:
    """The runs of two settings that are compared: of the seeds that both have, or one run of each if that is all."""
    if len(first) == len(second) == 1:
        return list(zip(first.values(), second.values(), strict=True))
    return pair_seeds(first, second)


def tabulate_seeds(settings: list[Seeds]) -> list[Row]:
    """The change between each two settings that have several seeds in common, for each network of both."""
    rows = []
    for first, second in combinations(settings, 2):
        if len(pairs := pair_runs(first, second)) > 1:
            rows += [
                {
                    "Network": network,
                    "From": title_setting(first),
                    "To": title_setting(second),
                    "Seeds": str(test.seeds),
                    "Change": format_seeds_test(test),
                }
                for network in list_networks(pairs[0][0])
                if (test := compare_pairs(pairs, network))
            ]
    return rows


def list_paired_tests(settings: list[Seeds]) -> Iterator[list[Row]]:
    """A table of McNemar's tests for each two settings that one pair of runs stands for."""
    for first, second in combinations(settings, 2):
        if len(pairs := pair_runs(first, second)) == 1 and (rows := tabulate_paired_tests(*pairs[0])):
            yield rows


def tabulate_paired_tests(first: Run, second: Run) -> list[Row]:
    """McNemar's test for each network that both runs have; dashes where one has no predictions of it."""
    networks = [network for network in first.results if network in second.results]
    tests = {network: compare_models(first, second, network, network) for network in networks}
    return [
        {
            "Network": network,
            f"Only {first.name} right": test and test.only_first,
            f"Only {second.name} right": test and test.only_second,
            "Images": test and test.images,
            "Change": test and f"{test.change:+.2f} ± {test.half_width:.2f}",
            "p": test and f"{test.p_value:#.2g}",
        }
        for network, test in tests.items()
    ]


def compare_models(first: Run, second: Run, network: str, other_network: str) -> PairedTest | None:
    """McNemar's test of the model of a network in the first run, and of one in the second.

    None where one has no predictions.

    Raises:
        InputError: the predictions are of other images.
    """
    one, other = first.results[network].predictions, second.results[other_network].predictions
    if one is None or other is None:
        return None
    if not one["actual"].equals(other["actual"]):
        received = f"{first.name} and {second.name}, whose images of {network} have other classes"
        raise InputError(
            f"a paired test requires predictions of the same images in the same order. Received: {received}"
        )
    return compare_predictions(*((table["actual"] == table["predicted"]).to_numpy() for table in (one, other)))
