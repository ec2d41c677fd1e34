"""The table of all published runs beside the published figures, in Markdown."""

from collections.abc import Iterable
from statistics import mean, stdev

from experiments.comparison_page import find_correct, get_test_error
from experiments.publication import Published
from experiments.recorded_run import Run
from pipeline.errors import InputError
from pipeline.evaluation.reference import PAPER, SEED, SeedResult
from pipeline.evaluation.significance import compare_predictions
from pipeline.evaluation.tables import format_percent, format_table
from pipeline.settings.params import Params

NOT_RUN = "not yet run"
SUMMARY_COLUMNS = (
    *("Recipe", "Network", "Layout", "Epochs"),
    *("ARL", "NAL", "Change", "p", "Training seeds"),
    *("Paper: ARL", "Paper: NAL"),
    *("Jay4869, training (test): ARL", "Jay4869, training (test): NAL"),
)
NOTES = """\
Test errors in percent, of the last epoch's model, on unaugmented images; nothing was chosen by them, but by validation
errors: docs/log.md. Layout × width factor. Change: from ARL to NAL, in points, of the training seeds that both have; p:
McNemar's exact test of each of these pairs of models, which knows nothing of the spread between seeds. Several seeds:
mean ± standard deviation. "Paper": test errors of its own networks, Wang et al. 2017 (arXiv 1704.06904); the recipes
closest to them are `cifar10-paper` and `cifar100-paper`. "Jay4869": github.com/Jay4869/Deep-Learning, as its logs show
it (its README has two columns the other way round): the training errors that it reports, which do not compare with test
errors, and in brackets the test errors nearest to honest ones. Its Attention-92 never trained: its learning rate fell
from 1e-5 to 1e-9."""


def format_summary(published: list[Published], recipes: dict[str, Params]) -> str:
    """A row for each network of each recipe of CIFAR, run or not: ARL, NAL, and the published figures.

    Raises:
        InputError: a seed's run is published twice, with two results.
    """
    rows = [
        format_row(recipe, network, params, find_runs(published, recipe, network))
        for recipe, params in recipes.items()
        if params.download.dataset in PAPER
        for network in params.networks
    ]
    return f"{format_table(SUMMARY_COLUMNS, rows)}\n{NOTES}\n"


def find_runs(published: Iterable[Published], recipe: str, network: str) -> dict[str, dict[int, Run]]:
    """The runs of a network by a recipe, by learning and seed, in order of the seeds.

    Raises:
        InputError: two runs of one seed have different results.
    """
    runs: dict[str, dict[int, Run]] = {"arl": {}, "nal": {}}
    for run, evidence in published:
        if evidence.recipe == recipe and network in run.results:
            seeds, seed = runs[run.params.model.learning], run.params.train.seed
            if (other := seeds.setdefault(seed, run)).results[network].metrics != run.results[network].metrics:
                raise InputError(
                    f"a seed requires one result. Received: two of {network}, in {other.name} and in {run.name}"
                )
    return {learning: dict(sorted(seeds.items())) for learning, seeds in runs.items()}


def format_row(recipe: str, network: str, params: Params, runs: dict[str, dict[int, Run]]) -> tuple[str, ...]:
    """One row of the summary; the runs are those that `find_runs` gives."""
    arl, nal = runs["arl"], runs["nal"]
    pairs = [(run, nal[seed]) for seed, run in arl.items() if seed in nal]
    changes = [get_test_error(other, network) - get_test_error(run, network) for run, other in pairs]
    dataset = params.download.dataset
    paper, seed = PAPER.get(dataset, {}).get(network, {}), SEED.get(dataset, {}).get(network)
    return (
        recipe,
        network,
        f"{params.model.layout} × {params.model.width:g}",
        str(params.train.epochs),
        *(format_errors([get_test_error(run, network) for run in seeds.values()]) for seeds in (arl, nal)),
        f"{mean(changes):+.2f}" if changes else "–",
        ", ".join(format_p_value(*pair, network) for pair in pairs) or "–",
        "; ".join(dict.fromkeys(describe_seeds(seeds) for seeds in (arl, nal) if seeds)) or "–",
        *(format_percent(paper.get(learning)) for learning in ("arl", "nal")),
        *(format_seed(seed, learning) for learning in ("arl", "nal")),
    )


def format_seed(seed: SeedResult | None, learning: str) -> str:
    """The seed's training error and, where it is known, its test error in brackets, in percent."""
    training, test = (getattr(seed, name, None) for name in (learning, f"test_{learning}"))
    return format_percent(training) + (f" ({format_percent(test)})" if test is not None else "")


def describe_seeds(seeds: Iterable[int]) -> str:
    """The training seeds, and how many they are."""
    return f"{', '.join(map(str, seeds))} (n = {len(list(seeds))})"


def format_p_value(first: Run, second: Run, network: str) -> str:
    """McNemar's test of two models."""
    correct = find_correct(first, second, network)
    return f"{compare_predictions(*correct).p_value:.2g}" if correct else "–"


def format_errors(errors: list[float]) -> str:
    """The errors of several seeds, in percent."""
    if not errors:
        return NOT_RUN
    deviation = f" ± {stdev(errors):.2f}" if len(errors) > 1 else ""
    return f"{mean(errors):.2f}{deviation}"
