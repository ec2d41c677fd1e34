"""The card of a published model: what it is, how to load and check it, its data, errors and limits."""

from collections import Counter
from pathlib import Path

import pandas as pd

from experiments.provenance import Evidence, format_evidence
from experiments.recorded_run import Run
from pipeline.evaluation.markdown import format_table, render_template
from pipeline.evaluation.significance import bound_error
from pipeline.evaluation.tables import RESULTS, tabulate_class_errors, tabulate_networks

TEMPLATE = Path(__file__).with_name("model_card.md.j2")
CONFUSIONS = 3


def compose_model_card(run: Run, evidence: Evidence, network: str, folder: Path) -> str:
    """The card of a run's network, in Markdown.

    Args:
        run: with the network's predictions.
        evidence: of the run.
        network: whose card it is.
        folder: where the run is published, in the repository.
    """
    result = run.results[network]
    numbers, predictions = result.numbers, result.predictions
    assert predictions is not None  # nothing is published without
    class_errors = numbers["test_error_percent_per_class"]
    return render_template(
        TEMPLATE,
        network=network,
        folder=folder.as_posix(),
        params=run.params,
        evidence=evidence,
        dataset=numbers["dataset"],
        sha256=numbers["dataset_sha256"],
        numbers=numbers,
        images=len(predictions),
        half_width=bound_error(numbers["test_error_percent"], len(predictions)),
        classes=list(class_errors),
        errors=format_table(tabulate_networks(RESULTS[:3], {network: numbers})),
        class_errors=format_table(tabulate_class_errors({network: numbers})),
        confusions=find_confusions(predictions),
        made=format_evidence(run),
    )


def find_confusions(predictions: pd.DataFrame) -> list[tuple[str, str, float]]:
    """The pairs of an actual class and a wrong one that it is taken for most often, with its share in percent."""
    pairs = zip(predictions["actual"], predictions["predicted"], strict=True)
    wrong = Counter((actual, taken_for) for actual, taken_for in pairs if actual != taken_for)
    images = predictions["actual"].value_counts()
    return [(*pair, 100 * count / images[pair[0]]) for pair, count in wrong.most_common(CONFUSIONS)]
