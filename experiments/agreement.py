"""Whether a run has the bytes that results/ has of it, in one line."""

import json
from pathlib import Path

from execution.git import read_committed
from experiments.output_differences import describe_difference
from experiments.output_digests import LOCK, is_promised, parse_lock, read_lock
from experiments.publication import EVIDENCE, RESULTS
from experiments.recorded_run import Run
from pipeline.inputs import read_json

MACHINE_KEYS = ("kernels", "device", "processor", "cpu_flags", "system", "libraries", "environment")


def describe_agreement(repository: Path, run: Run) -> str:
    """Say whether a recorded experiment has the digests that the published run of its name has.

    What is compared is all that is promised to the byte: data, models, histories, errors and predictions.
    """
    published = RESULTS / run.name
    if not (repository / published / EVIDENCE).is_file():
        return f"{run.name}: nothing is published of it to compare its bytes with."
    required = select_outputs(run, read_lock(repository / published / LOCK))
    received = select_outputs(run, parse_lock(read_committed(repository, run.revision, LOCK), run.name))
    differing = [name for name in sorted({**required, **received}) if required.get(name) != received.get(name)]
    if not differing:
        return f"{run.name}: all {len(required)} outputs have the bytes that {published} records."
    errors = describe_errors(repository, published, run)
    machines = "; ".join(describe_machines(repository / published, run)) or "nothing that it tells"
    return (
        f"{run.name}: {len(differing)} of {len(required)} outputs have other bytes than {published} records: "
        f"{', '.join(differing)}{errors}. The machines differ in {machines}."
    )


def select_outputs(run: Run, digests: dict[str, str]) -> dict[str, str]:
    """The digests of what is promised of a run; a dvc.lock keeps those of other networks too."""
    of_run = ("data", *run.results)
    return {name: digest for name, digest in digests.items() if is_promised(name) and belongs_to(name, of_run)}


def belongs_to(name: str, owners: tuple[str, ...]) -> bool:
    """Whether an output is in the folder data/, or of one of these networks, as models/attention-56 is."""
    path = Path(name)
    return path.parts[0] in owners or path.name in owners or path.stem in owners


def describe_errors(repository: Path, published: Path, run: Run) -> str:
    """By how much the errors differ, in brackets; "" for not at all."""
    found = []
    for network in run.results:
        name = f"metrics/{network}.json"
        recorded = (repository / published / name).read_bytes()
        received = read_committed(repository, run.revision, name).encode()
        if json.loads(recorded) != json.loads(received):
            found.append(f"{network}: {describe_difference(name, recorded, received)}")
    return f" ({'; '.join(found)})" if found else ""


def describe_machines(published: Path, run: Run) -> list[str]:
    """In what the machine of a run differs from that of the published one, by what its bits may depend on."""
    network, result = next(iter(run.results.items()))
    recorded = read_json(published / f"machine/{network}.json")
    return [
        f"{key} ({recorded.get(key, 'not told')} → {result.machine.get(key, 'not told')})"
        for key in MACHINE_KEYS
        if recorded.get(key) != result.machine.get(key)
    ]
