"""Run a recorded experiment again, from nothing, and compare every output: `python -m flows.verify demo-arl`.

It runs in a clone with an empty cache, so that nothing is taken from what was computed before. DVC believes a file of
its cache that nobody may write to; here every file is read and hashed, the record's own too.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dvc.repo import Repo

from flows.clone import FOLDERS, open_clone
from flows.differences import describe_difference
from flows.experiments import resolve_run
from flows.messages import run_command
from flows.record import Recorded, hash_output, is_promised, list_files, set_record_aside
from flows.repository import PROJECT, check_repository, read_committed
from pipeline.compute.machine import select_defining
from pipeline.evaluation.tables import format_table


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
    print(f"{name}: running commit {revision[:12]} again, from nothing", file=sys.stderr)
    with Repo(str(repository)) as repo:
        cache = Path(repo.cache.local_cache_dir)
    with open_clone(repository, revision, share_cache=False) as clone:
        stages = clone.prepare(read_committed(repository, revision, "params.yaml"))
        outputs, recorded = set_record_aside(clone.folder, cache)
        for stage in stages:
            clone.run_stage(stage, lambda line: print(line, file=sys.stderr))
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


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?", default="HEAD", help="an experiment, or another revision, such as demo-arl")
    name = parser.parse_args().name
    # Not those of the run itself: from nothing means from no checkpoint of it.
    for variable, folder in FOLDERS.items():
        os.environ[variable] = str(Path(os.environ.get(variable, folder), "verify"))

    def print_findings() -> None:
        findings = verify(PROJECT, name)
        print(format_findings(name, findings))
        sys.exit(any(finding.difference and finding.promised for finding in findings))

    run_command(print_findings)


if __name__ == "__main__":
    main()
