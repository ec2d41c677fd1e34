"""Tables in Markdown."""

from collections.abc import Iterable, Sequence
from typing import Any

from pipeline.evaluation.reference import PAPER, SEED

Pair = tuple[float | None, float | None]


def format_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the first column is text, the others are numbers."""
    lines = [columns, ["---"] + ["---:"] * (len(columns) - 1), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def format_percent(value: float | None) -> str:
    """A percentage with two digits, or a dash where there is none."""
    return "–" if value is None else f"{value:.2f}"


def format_results(results: dict[str, dict[str, float | None]]) -> str:
    """The table of this run.

    Args:
        results: by network, with train_, validation_ and test_error_percent, train_minutes and parameters.
    """
    columns = ("Network", "Train error, %", "Validation error, %", "Test error, %", "Train time, min", "Parameters")
    errors = ("train_error_percent", "validation_error_percent", "test_error_percent")
    rows = [
        (
            network,
            *(format_percent(result[error]) for error in errors),
            f"{result['train_minutes']:.1f}",
            f"{result['parameters']:,}",
        )
        for network, result in results.items()
    ]
    return format_table(columns, rows)


def format_details(results: dict[str, dict[str, Any]]) -> str:
    """How good the probabilities are, and the error with mirror images, which is no result of one model's one look.

    Args:
        results: by network, with test_loss, test_calibration_error_percent and test_error_percent_with_mirror_images.
    """
    columns = ("Network", "Loss, nats", "Calibration error, %", "Error with mirror images, %")
    rows = [
        (
            network,
            f"{result['test_loss']:.3f}",
            format_percent(result["test_calibration_error_percent"]),
            format_percent(result["test_error_percent_with_mirror_images"]),
        )
        for network, result in results.items()
    ]
    return format_table(columns, rows)


def format_class_errors(results: dict[str, dict[str, Any]]) -> str:
    """The test error of each class, a column a network.

    Args:
        results: by network, with test_error_percent_per_class.
    """
    errors = [result["test_error_percent_per_class"] for result in results.values()]
    rows = [(name, *(format_percent(error[name]) for error in errors)) for name in errors[0]]
    return format_table(("Class", *(f"{network}, %" for network in results)), rows)


def format_duplicates(duplicates: dict[str, int]) -> str:
    """What `pipeline.cifar.duplicates.count_duplicates` counted."""
    rows = [
        (f"in {place.replace('-', ' and in ')}" if "-" in place else f"twice in {place}", str(count))
        for place, count in duplicates.items()
    ]
    return format_table(("Same pixels", "Images"), rows)


def format_change(pair: Pair) -> str:
    """From the first of two percentages to the second, in points with a sign, or a dash where one is missing."""
    first, second = pair
    return "–" if first is None or second is None else f"{second - first:+.2f}"


def format_comparison(names: tuple[str, str], errors: dict[str, Pair], dataset: str) -> str:
    """The test errors of two runs beside the published figures for ARL and NAL, all in percent.

    Args:
        names: of the two runs.
        errors: by network, of the first and the second run; None where a run does not have the network.
        dataset: whose published figures are shown, "cifar10" or "cifar100".
    """
    columns = (
        "Network",
        *names,
        "Change",
        *("Paper: ARL", "Paper: NAL", "Paper: change"),
        *("Seed, training: ARL", "Seed, training: NAL"),
    )
    rows = []
    for network, pair in errors.items():
        paper = PAPER[dataset].get(network, {})
        published = paper.get("arl"), paper.get("nal")
        seed = SEED[dataset].get(network)
        rows.append(
            (
                network,
                *(format_percent(error) for error in pair),
                format_change(pair),
                *(format_percent(error) for error in published),
                format_change(published),
                *(format_percent(getattr(seed, learning, None)) for learning in ("arl", "nal")),
            )
        )
    return format_table(columns, rows)


def format_published(networks: Iterable[str], dataset: str, learning: str) -> str:
    """The published figures for the same networks and data set, named for what they are; empty where there are none.

    Args:
        networks: which rows.
        dataset: such as "cifar10".
        learning: "arl" or "nal".
    """
    columns = (
        "Network",
        f"Paper, test error ({learning.upper()}), %",
        f"Seed, training error ({learning.upper()}), %",
        "Seed, validation error on training images (ARL), %",
        "Seed, train time on a P100 (ARL), min",
    )
    rows = []
    for network in networks:
        paper = PAPER.get(dataset, {}).get(network, {})
        seed = SEED.get(dataset, {}).get(network)
        if paper or seed:
            figures = (paper.get(learning), getattr(seed, learning, None), getattr(seed, "leaked_validation", None))
            minutes = str(seed.minutes) if seed else "–"
            rows.append((network, *(format_percent(figure) for figure in figures), minutes))
    return format_table(columns, rows) if rows else ""
