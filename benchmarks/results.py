"""What the benchmarks found, a file each in benchmarks/measured/, and the page of all of them."""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import psutil
from pydantic import TypeAdapter

from benchmarks.measurement import Row, Section
from benchmarks.processes import ROOT
from execution.git import run_git
from pipeline.compute.machine import count_cpus, name_processor

WRITTEN = ("RESULTS.md", "growth.png", "measured")
LIBRARIES = ("tensorflow", "keras", "jax", "numpy", "dvc", "prefect")


class Measured(NamedTuple):
    """What one benchmark found, of which commit, and where."""

    section: Section
    commit: str
    surroundings: str


MEASURED = TypeAdapter(Measured)


def save_section(folder: Path, name: str, section: Section) -> None:
    """Write what a benchmark found just now to `<folder>/<name>.json`."""
    folder.mkdir(exist_ok=True)
    measured = Measured(section, describe_commit(ROOT), describe_surroundings())
    (folder / f"{name}.json").write_bytes(MEASURED.dump_json(measured, indent=1) + b"\n")


def load_sections(folder: Path, names: tuple[str, ...]) -> dict[str, Measured]:
    """What the benchmarks found that were run, by name."""
    paths = {name: folder / f"{name}.json" for name in names}
    return {name: MEASURED.validate_json(path.read_bytes()) for name, path in paths.items() if path.exists()}


def render_results(measured: dict[str, Measured]) -> str:
    """All that was found as one page: where and of which commits, one table, then what the sections say beside it."""
    rows = [row for section, _, _ in measured.values() for row in section.rows]
    texts = [section.text for section, _, _ in measured.values() if section.text]
    return (
        "\n\n".join(["# Benchmarks", "By `make bench`.", render_sources(measured), render_table(rows), *texts]) + "\n"
    )


def render_sources(measured: dict[str, Measured]) -> str:
    """A line for each commit and machine: what was measured there."""
    sources: dict[tuple[str, str], list[str]] = {}
    for name, (_, commit, surroundings) in measured.items():
        sources.setdefault((commit, surroundings), []).append(f"`{name}`")
    return "\n".join(
        f"- {', '.join(names)}: commit {commit}; {surroundings}" for (commit, surroundings), names in sources.items()
    )


def render_table(rows: list[Row]) -> str:
    """The rows as Markdown. The ratio is ours over the other: the median of the pairs, and their range."""
    lines = [
        "| What | Ours | Other | | Ours / other | Target | Met |",
        "| --- | ---: | ---: | --- | ---: | ---: | --- |",
    ]
    return "\n".join(lines + [render_row(row) for row in rows])


def render_row(row: Row) -> str:
    """One line of the table."""
    ratios = row.ratios
    other = f"{format_figure(row.other)} {row.unit}" if ratios else "–"
    ratio = "–"
    if ratios:
        ratio = f"{format_figure(row.ratio)} ({format_figure(ratios[0])}–{format_figure(ratios[-1])})"
    target = ""
    if row.target:
        unit = f" {row.unit}" if row.target.of == "ours" else " ×"
        target = f"{row.target.sign} {format_figure(row.target.value)}{unit}"
    met = {None: "", True: "yes", False: "**no**"}[row.met]
    ours = f"{format_figure(row.ours)} {row.unit}"
    return f"| {row.what} | {ours} | {other} | {row.against} | {ratio} | {target} | {met} |"


def format_figure(value: float) -> str:
    """Three significant digits, thousands separated."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def describe_surroundings() -> str:
    """Processor, memory, system and versions; no names of hosts."""
    processor = name_processor()
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{count_cpus()} CPUs ({processor}), {memory:.0f} GiB; {system}; {libraries}."


def describe_commit(root: Path) -> str:
    """HEAD's commit, and whether other files than what benchmarks write differ from it."""
    others = [f":!benchmarks/{name}" for name in WRITTEN]
    changed = run_git(root, "status", "--porcelain", "--", ".", *others)
    return run_git(root, "rev-parse", "--short", "HEAD") + ("-dirty" if changed else "")
