"""Run a recorded experiment again, from nothing, and compare every output.

It runs in a clone with a cache and checkpoints of its own, so that nothing is taken from what was computed before. DVC
believes a file of its cache that nobody may write to; here every file is read and hashed, the record's own too.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dvc.repo import Repo

from execution.clone import open_clone
from execution.git import check_repository, read_committed
from experiments.experiment import resolve_run
from experiments.output_differences import describe_difference
from experiments.output_digests import Recorded, hash_output, is_promised, list_files, set_record_aside
from pipeline.compute.machine import select_defining
from pipeline.evaluation.tables import format_table
from pipeline.locks import print_error


class Finding(NamedTuple):
    """An output of the record or of the rerun.

    Attributes:
        name: of the output.
        difference: in words, between the two; "" for none.
        other_kind: whether it describes two machines of which the same bytes are not promised.
    """

    name: str
    difference: str
    other_kind: bool = False

    @property
    def promised(self) -> bool:
        """Whether its bytes are promised."""
        return is_promised(self.name)


def verify(repository: Path, name: str) -> list[Finding]:
    """Run an experiment, or another revision, again, and compare all of its outputs.

    Raises:
        InputError: there is no such run.
        DvcError: a stage fails.
    """
    check_repository(repository)
    revision = resolve_run(repository, name)
    print_error(f"{name}: running commit {revision[:12]} again, from nothing")
    with Repo(str(repository)) as repo:
        cache = Path(repo.cache.local_cache_dir)
    with open_clone(repository, revision, share=False) as clone:
        stages = clone.prepare(read_committed(repository, revision, "params.yaml"))
        outputs, recorded = set_record_aside(clone.folder, cache)
        for stage in stages:
            clone.run_stage(stage, print_error)
        return list(compare_outputs(clone.folder, outputs, recorded))


def compare_outputs(folder: Path, outputs: list[str], recorded: dict[str, Recorded]) -> Iterator[Finding]:
    """Compare what is recorded with what lies in the folder now."""
    received: dict[str, Path] = {}
    for output in outputs:
        files = [Path()] if output in recorded else list_files(folder / output)
        received |= {(Path(output) / file).as_posix(): folder / output / file for file in files}
    for name in sorted({**recorded, **received}):
        before, after = recorded.get(name), received.get(name)
        yield Finding(name, compare(name, before, after), name.startswith("machine/") and differ_in_kind(before, after))


def differ_in_kind(recorded: Recorded | None, received: Path | None) -> bool:
    """Whether bits may differ between the machines that two files of machine/ describe."""
    if recorded is None or received is None or not received.exists():
        return False
    before, after = (json.loads(path.read_text()) for path in (recorded.path, received))
    # A record of older code does not tell its kernels.
    return "kernels" not in before or select_defining(before) != select_defining(after)


def compare(name: str, recorded: Recorded | None, received: Path | None) -> str:
    """In words how an output differs from its record; "" for not at all."""
    if recorded is None:
        return "not in the record"
    if received is None or not received.exists():
        return "not made again"
    there = recorded.path.is_file()
    if there and hash_output(recorded.path).removesuffix(".dir") != recorded.digest.removesuffix(".dir"):
        return f"the record's copy is damaged: {recorded.path}"
    if hash_output(received) == recorded.digest:
        return ""
    if not there or received.is_dir():
        return "another digest; the record's bytes are not in DVC's cache"
    return describe_difference(name, recorded.path.read_bytes(), received.read_bytes())


def format_findings(name: str, findings: list[Finding]) -> str:
    """The outcome, in Markdown."""
    differing = [finding for finding in findings if finding.difference]
    rows = [
        (finding.name, "" if finding.promised else "not promised", finding.difference)
        for finding in sorted(differing, key=lambda finding: not finding.promised)
    ]
    table = format_table(("Output", "", "Difference"), rows) + "\n" if rows else ""
    identical = len(findings) - len(differing)
    broken = sum(finding.promised for finding in differing)
    verdict = f"{broken} differ that must not" if broken else "no promise broken"
    if broken and any(finding.other_kind for finding in findings):
        verdict = f"{broken} differ, made by another kind of machine, for which nothing is promised"
    return f"{table}{name}: {identical} of {len(findings)} outputs are the same to the byte; {verdict}."
