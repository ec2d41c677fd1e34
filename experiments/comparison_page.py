"""The page that compares two runs, and its parts, in Markdown."""

import numpy as np

from execution.recipe_changes import list_differences
from experiments.recorded_run import Result, Run, list_networks
from pipeline.errors import InputError
from pipeline.evaluation.reference import PAPER
from pipeline.evaluation.significance import compare_predictions
from pipeline.evaluation.tables import format_comparison, format_results, format_table

PAIRED_NOTE = """\
Change: of the test error, from the first to the second, in points, with its 95 % interval. p: McNemar's exact test,
two-sided. Both are of these two models: they know nothing of other seeds."""


def compose_comparison(first: Run, second: Run) -> str:
    """The page, in Markdown, but for its picture."""
    networks = list_networks(first, second)
    dataset, sha256 = first.dataset
    published = dataset if dataset in PAPER else "cifar10"
    titles = (title_run(first), title_run(second))
    errors = {network: (find_test_error(first, network), find_test_error(second, network)) for network in networks}
    elsewhere = "" if published == dataset else f" The published figures are of {published}, not of these images."
    return f"""# {titles[0]} and {titles[1]}

Test error on {dataset}, in percent, of the last epoch's model.

{format_comparison(titles, errors, published)}
Change: from the first to the second, in points. "Paper": test errors, Wang et al. 2017 (arXiv 1704.06904). "Seed": \
training errors, github.com/Jay4869/Deep-Learning, which do not compare with test errors.{elsewhere}

## On the same test images

{format_paired_tests(first, second, networks)}
{PAIRED_NOTE}

{"".join(format_run(run) for run in (first, second))}
## Evidence

Data set {dataset}, sha256 `{sha256}`.

{format_evidence(first)}{format_evidence(second)}
{format_differences(first, second)}
"""


def title_run(run: Run) -> str:
    """A run's name and its learning."""
    return f"{run.name} ({run.params.model.learning.upper()})"


def find_test_error(run: Run, network: str) -> float | None:
    """The test error in percent, or None where the run does not have the network."""
    return get_test_error(run, network) if network in run.results else None


def get_test_error(run: Run, network: str) -> float:
    """The test error in percent of a network that the run has."""
    return run.results[network].metrics["test_error_percent"]


def format_paired_tests(first: Run, second: Run, networks: list[str]) -> str:
    """McNemar's test for each network that both runs have predictions of."""
    columns = ("Network", f"Only {first.name} right", f"Only {second.name} right", "Images", "Change", "p")
    rows = []
    for network in networks:
        cells = ("–",) * 5
        if correct := find_correct(first, second, network):
            test = compare_predictions(*correct)
            change = f"{test.change:+.2f} ± {test.half_width:.2f}"
            cells = (str(test.only_first), str(test.only_second), str(test.images), change, f"{test.p_value:.2g}")
        rows.append((network, *cells))
    return format_table(columns, rows)


def find_correct(first: Run, second: Run, network: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Whether each run classifies each test image correctly, bool (n,); None where one has no predictions.

    Raises:
        InputError: the predictions are of other images.
    """
    results = [run.results.get(network) for run in (first, second)]
    predictions = [result.predictions for result in results if result and result.predictions is not None]
    if len(predictions) < 2:
        return None
    one, other = predictions
    if not one["actual"].equals(other["actual"]):
        received = f"{first.name} and {second.name}, whose images of {network} have other classes"
        raise InputError(
            f"a paired test requires predictions of the same images in the same order. Received: {received}"
        )
    return (one["actual"] == one["predicted"]).to_numpy(), (other["actual"] == other["predicted"]).to_numpy()


def format_run(run: Run) -> str:
    """The seed's second table: one run's errors and training times."""

    def row(result: Result) -> dict[str, float | None]:
        minutes, parameters = result.timing["train_minutes"], result.details["parameters"]
        return {**result.metrics, "train_minutes": minutes, "parameters": parameters}

    return f"## {title_run(run)}\n\n{format_results({name: row(result) for name, result in run.results.items()})}\n"


def format_evidence(run: Run) -> str:
    """What ties a run's numbers to what made them, as an item of a list."""
    machines = [result.machine for result in run.results.values()]
    versions = ", ".join(f"{name} {version}" for name, version in machines[0]["libraries"].items())
    hardware = " and ".join(dict.fromkeys(f"{machine['device']} ({machine['processor']})" for machine in machines))
    params = run.params
    return (
        f"- {run.name}: commit `{run.commit}`, recorded as `{run.revision[:12]}` where it ran; "
        f"training seed {params.train.seed}, split seed {params.preprocess.seed}, n = 1; "
        f"{params.compute.backend} backend, {versions}; {hardware}\n"
    )


def format_differences(first: Run, second: Run) -> str:
    """The parameters that differ, as a sentence."""
    differences = "; ".join(
        " ".join((f"`{key}`", " → ".join("–" if value is None else str(value) for value in pair)))
        for key, pair in list_differences(first.params, second.params).items()
    )
    return f"Parameters that differ: {differences or 'none'}."
