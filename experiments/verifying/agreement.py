"""Whether a run has the bytes that results/ has of it, in one line."""

from pathlib import Path

from experiments.output_digests import is_promised
from experiments.publishing.published_run import EVIDENCE, RESULTS, load_published
from experiments.recorded_run import Run
from experiments.verifying.output_differences import describe_values
from pipeline.compute.machine import NATIVE_KEYS

MACHINE_KEYS = ("processor", *NATIVE_KEYS)


def describe_agreement(repository: Path, run: Run) -> str:
    """Say whether a recorded experiment has the digests that the published run of its name has.

    What is compared is all that is promised to the byte: data, models, histories, errors and predictions.
    """
    folder = RESULTS / run.name
    if not (repository / folder / EVIDENCE).is_file():
        return f"{run.name}: nothing is published of it to compare its bytes with."
    published = load_published(repository, folder).run
    required, received = select_promised(published), select_promised(run)
    differing = [name for name in sorted({**required, **received}) if required.get(name) != received.get(name)]
    if not differing:
        return f"{run.name}: all {len(required)} outputs have the bytes that {folder} records."
    return (
        f"{run.name}: {len(differing)} of {len(required)} outputs have other bytes than {folder} records: "
        f"{', '.join(differing)}{describe_errors(published, run)}. "
        f"Of what made them, {describe_causes(published, run) or 'nothing that is told'} differs."
    )


def select_promised(run: Run) -> dict[str, str]:
    """The digests of what is promised of a run: in data/, or of one of its networks, as models/attention-56 is."""
    return {
        name: digest
        for name, digest in run.digests.items()
        if is_promised(name) and (name.startswith("data/") or Path(name).stem in run.results)
    }


def describe_errors(published: Run, run: Run) -> str:
    """By how much the errors differ, in brackets; "" for not at all."""
    differences = {
        network: describe_values(published.results[network].metrics, result.metrics)
        for network, result in run.results.items()
        if network in published.results
    }
    found = "; ".join(f"{network}: {words}" for network, words in differences.items() if words)
    return f" ({found})" if found else ""


def describe_causes(published: Run, run: Run) -> str:
    """What its bits may depend on and what is another one than of the published run; "" for nothing."""
    machines = [next(iter(each.results.values())).machine for each in (published, run)]
    parts = {
        "the parameters": [each.params.model_dump() for each in (published, run)],
        "the code": [{"commit": each.commit[:12]} for each in (published, run)],
        "the machine": [{key: machine.get(key, "not told") for key in MACHINE_KEYS} for machine in machines],
    }
    words = {part: describe_values(*values) for part, values in parts.items()}
    return " and ".join(f"{part} ({difference})" for part, difference in words.items() if difference)
