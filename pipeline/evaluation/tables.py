"""Tables of networks, as rows: what was measured of them, and what is published of them."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from pipeline.evaluation.markdown import Row, format_mean, format_number
from pipeline.evaluation.reference import find_figures


class Column(NamedTuple):
    """A number that is recorded of each network, as a table shows it: its heading, its key and its format."""

    heading: str
    key: str
    spec: str = ".2f"


RESULTS = (
    Column("Train error, %", "train_error_percent"),
    Column("Validation error, %", "validation_error_percent"),
    Column("Test error, %", "test_error_percent"),
    Column("Train time, min", "train_minutes", ".1f"),
    Column("Parameters", "parameters", ","),
)
# How good the probabilities are, and the error with mirror images, which is no result of one model's one look.
DETAILS = (
    Column("Loss, nats", "test_loss", ".3f"),
    Column("Calibration error, %", "test_calibration_error_percent"),
    Column("Error with mirror images, %", "test_error_percent_with_mirror_images"),
    Column("Error by six views, %", "test_error_percent_with_six_views"),
)


def show_columns(columns: Iterable[Column], numbers: dict[str, Any]) -> dict[str, str]:
    """The cells of a row; what was not measured, or not yet recorded when it was, is a dash."""
    return {heading: format_number(numbers.get(key), spec) for heading, key, spec in columns}


def show_means(columns: Iterable[Column], results: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The cells of a row of means ± standard deviations; a dash where one of the results lacks the number."""
    cells = {}
    for heading, key, spec in columns:
        values = [numbers[key] for numbers in results if numbers.get(key) is not None]
        cells[heading] = format_mean(values, spec) if len(values) == len(results) else format_number(None)
    return cells


def tabulate_networks(columns: Iterable[Column], results: dict[str, dict[str, Any]]) -> list[Row]:
    """Some columns of results, which are numbers by network and key."""
    return [{"Network": network} | show_columns(columns, numbers) for network, numbers in results.items()]


def tabulate_class_errors(results: dict[str, dict[str, Any]]) -> list[Row]:
    """The test error of each class, a column a network.

    Args:
        results: by network, with test_error_percent_per_class.
    """
    errors = {f"{network}, %": result["test_error_percent_per_class"] for network, result in results.items()}
    classes = next(iter(errors.values()))
    return [{"Class": name} | {network: error[name] for network, error in errors.items()} for name in classes]


def tabulate_duplicates(duplicates: dict[str, int]) -> list[Row]:
    """What `pipeline.cifar.duplicates.count_duplicates` counted."""
    return [
        {
            "Same pixels": f"in {place.replace('-', ' and in ')}" if "-" in place else f"twice in {place}",
            "Images": count,
        }
        for place, count in duplicates.items()
    ]


def tabulate_published(networks: Iterable[str], dataset: str, learning: str) -> list[Row]:
    """The published figures for the same networks and data set, named for what they are; no rows where there are none.

    Args:
        networks: which rows.
        dataset: such as "cifar10".
        learning: "arl" or "nal".
    """
    published = {network: find_figures(dataset, network) for network in networks}
    return [
        {
            "Network": network,
            f"Paper, test error ({learning.upper()}), %": getattr(figures, f"paper_{learning}"),
            f"Jay4869, training error ({learning.upper()}), %": getattr(figures, f"jay4869_{learning}"),
            "Jay4869, validation error on training images (ARL), %": figures.jay4869_leaked_validation,
            "Jay4869, train time on a P100 (ARL), min": figures.jay4869_minutes,
        }
        for network, figures in published.items()
        if any(figures)
    ]
