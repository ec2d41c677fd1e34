"""Runs of one setting by several training seeds: grouped, paired, and their test errors in numbers."""

import re
from collections.abc import Callable, Iterable

from experiments.recorded_run import Run
from pipeline.evaluation.markdown import format_mean
from pipeline.evaluation.significance import SeedsTest, compare_seeds
from pipeline.settings.params import Params

Seeds = dict[int, Run]  # runs whose parameters differ by the training seed only, by that seed


def group_by_setting(runs: Iterable[Run]) -> list[Seeds]:
    """The runs of each setting, in order of its seeds.

    Where several are of one seed, as of older and newer code, those of each commit are a setting of their own; where
    even these are, each run is.
    """
    groups = []
    for setting in split_by(runs, lambda run: without_seed(run.params)):
        for key in (lambda _: None, lambda run: run.commit, lambda run: run.revision):
            parts = [{run.params.train.seed: run for run in part} for part in split_by(setting, key)]
            if sum(map(len, parts)) == len(setting):
                break
        groups += parts
    return [dict(sorted(seeds.items())) for seeds in groups]


def split_by(runs: Iterable[Run], key: Callable[[Run], object]) -> list[list[Run]]:
    """The runs of each key, which need not be hashable, in the order in which they come."""
    parts: list[tuple[object, list[Run]]] = []
    for run in runs:
        own = key(run)
        part = next((part for other, part in parts if other == own), None)
        if part is None:
            parts.append((own, [run]))
        else:
            part.append(run)
    return [part for _, part in parts]


def without_seed(params: Params) -> Params:
    """Parameters that are equal where only the training seed differs."""
    return params.model_copy(update={"train": params.train.model_copy(update={"seed": 0})})


def take_first(seeds: Seeds) -> Run:
    """The run of the lowest seed."""
    return next(iter(seeds.values()))


def title_setting(seeds: Seeds) -> str:
    """The name of its run, or of its runs but for their seeds, and the learning."""
    first = take_first(seeds)
    learning = first.params.model.learning.upper()
    if len(seeds) == 1:
        return f"{first.name} ({learning})"
    name = re.sub(rf"-s{first.params.train.seed}(?=-|$)", "", first.name)
    return f"{name} ({learning}, seeds {', '.join(map(str, seeds))})"


def pair_seeds(first: Seeds, second: Seeds) -> list[tuple[Run, Run]]:
    """The runs of the seeds that both have."""
    return [(run, second[seed]) for seed, run in first.items() if seed in second]


def compare_pairs(pairs: list[tuple[Run, Run]], network: str) -> SeedsTest | None:
    """The change of a network's test error; None without pairs, or where a run lacks it."""
    both = [list_errors(pair, network) for pair in pairs]
    return compare_seeds(*zip(*both, strict=True)) if both and all(len(errors) == 2 for errors in both) else None


def list_errors(runs: Iterable[Run], network: str) -> list[float]:
    """The test errors of a network in those of several runs that have it, in percent."""
    return [run.results[network].metrics["test_error_percent"] for run in runs if network in run.results]


def format_errors(errors: list[float], missing: str = "–") -> str:
    """The errors of several seeds, in percent."""
    return format_mean(errors) if errors else missing


def format_seeds_test(test: SeedsTest | None) -> str:
    """A change in points, with its interval where there is one."""
    if not test:
        return "–"
    return f"{test.change:+.2f}" + (f" ± {test.half_width:.2f}" if test.half_width is not None else "")


def compare_learnings(runs: dict[str, Seeds], network: str) -> dict[str, str]:
    """A network's test errors with ARL, with NAL, and their change, by heading; the runs are by "arl" and "nal"."""
    arl, nal = runs["arl"], runs["nal"]
    return {
        "ARL": format_errors(list_errors(arl.values(), network), "not yet run"),
        "NAL": format_errors(list_errors(nal.values(), network), "not yet run"),
        "Change": format_seeds_test(compare_pairs(pair_seeds(arl, nal), network)),
    }


def format_training_seeds(runs: dict[str, Seeds]) -> str:
    """The seeds of each learning, once where they are the same."""
    seeds = [f"{', '.join(map(str, seeds))} (n = {len(seeds)})" for seeds in runs.values() if seeds]
    return "; ".join(dict.fromkeys(seeds)) or "–"
