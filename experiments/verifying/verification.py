"""Run a recorded experiment again, from nothing, and compare every output.

It runs in a clone with an empty cache, so that nothing is taken from what was computed before. DVC believes a file of
its cache that nobody may write to; here every file is read and hashed, the record's own too.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from execution.git import check_repository, read_committed
from execution.open_clone import open_clone
from experiments.experiment import RevisionFiles, resolve_run
from experiments.output_digests import hash_bytes, hash_listing, hash_output, is_promised, list_files
from experiments.recorded_run import parse_object
from experiments.verifying.output_differences import describe_difference
from pipeline.compute.machine import select_defining
from pipeline.errors import print_error
from pipeline.evaluation.markdown import format_table

DAMAGED, NOT_MADE = "the record's copy is damaged", "not made again"


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

    @property
    def fault(self) -> bool:
        """Whether no machine explains the difference: the record is damaged, or the rerun lacks the output."""
        return self.difference.startswith((DAMAGED, NOT_MADE))


def verify(repository: Path, name: str) -> list[Finding]:
    """Run an experiment, or another revision, again, and compare all of its outputs.

    Raises:
        InputError: there is no such run.
        DvcError: a stage fails.
    """
    check_repository(repository)
    revision = resolve_run(repository, name)
    print_error(f"{name}: running commit {revision[:12]} again, from nothing")
    with open_clone(repository, revision, share=False) as clone:
        stages = clone.prepare(read_committed(repository, revision, "params.yaml"))
        outputs = clone.remove_outputs()
        for stage in stages:
            clone.run_stage(stage, print_error)
        record = RevisionFiles(repository, revision)
        return [
            finding
            for output, digest in outputs.items()
            for finding in compare_output(record, clone.folder, output, digest)
        ]


def compare_output(record: RevisionFiles, folder: Path, output: str, digest: str) -> Iterator[Finding]:
    """Compare what is recorded of an output, file by file, with what lies in the folder now."""
    recorded = list_digests(record, output, digest)
    received = (
        [output] if output in recorded else [(Path(output) / file).as_posix() for file in list_files(folder / output)]
    )
    for name in sorted({*recorded, *received}):
        path = folder / name
        before, other_kind = None, False
        with suppress(FileNotFoundError):
            before = record.read(name)
            other_kind = name.startswith("machine/") and differ_in_kind(before, path.read_bytes())
        yield Finding(name, compare(recorded.get(name), before, path), other_kind)


def list_digests(record: RevisionFiles, output: str, digest: str) -> dict[str, str]:
    """The digests of an output's files by name; of the output as a whole where DVC's cache lacks the list of them."""
    if not digest.endswith(".dir"):
        return {output: digest} if digest else {}
    try:
        files = {name: md5 or hash_bytes(record.read(name)) for name, md5 in record.list_output(output).items()}
    except OSError:
        return {output: digest}
    whole = hash_listing({Path(name).relative_to(output).as_posix(): md5 for name, md5 in files.items()}) == digest
    return files if whole else {output: digest}


def compare(digest: str | None, recorded: bytes | None, received: Path) -> str:
    """In words how a file differs from its record; "" for not at all."""
    if digest is None:
        return "not in the record"
    if not received.exists():
        return NOT_MADE
    if recorded is not None and hash_bytes(recorded) != digest:
        return f"{DAMAGED}: it has not the md5 {digest}"
    if hash_output(received) == digest:
        return ""
    if recorded is None:
        return "another digest; the record's bytes are not in DVC's cache"
    return describe_difference(received.name, recorded, received.read_bytes())


def differ_in_kind(recorded: bytes, received: bytes) -> bool:
    """Whether bits may differ between the machines that two files of machine/ describe."""
    try:
        before, after = parse_object(recorded), parse_object(received)
        # A record of older code does not tell its kernels.
        return "kernels" not in before or select_defining(before) != select_defining(after)
    except (ValueError, LookupError):  # one is damaged, which its comparison says
        return False


def count_broken(findings: list[Finding]) -> int:
    """How many outputs differ that are promised; where another kind of machine made them, those with a fault."""
    other_kind = any(finding.other_kind for finding in findings)
    broken = [finding for finding in findings if finding.promised and finding.difference]
    return sum(finding.fault or not other_kind for finding in broken)


def format_findings(name: str, findings: list[Finding]) -> str:
    """The outcome, in Markdown."""
    differing = sorted(
        (finding for finding in findings if finding.difference), key=lambda finding: not finding.promised
    )
    table = format_table(
        [
            {"Output": output, "": "" if is_promised(output) else "not promised", "Difference": difference}
            for output, difference, _ in differing
        ]
    )
    identical = len(findings) - len(differing)
    broken, promised = count_broken(findings), sum(finding.promised for finding in differing)
    verdict = f"{broken} differ that must not" if broken else "no promise broken"
    if promised and not broken:
        of = "another kind of machine, or before kernels were recorded"
        verdict = f"{promised} differ, made by {of}, for which nothing is promised"
    outcome = f"{name}: {identical} of {len(findings)} outputs are the same to the byte; {verdict}."
    return f"{table}\n\n{outcome}" if table else outcome
