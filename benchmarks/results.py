"""The page of results."""

import platform
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks.measurement import Row, Section
from pipeline.training.machine import count_cpus, name_processor

LIBRARIES = ("tensorflow", "keras", "jax", "numpy", "dvc", "prefect")


def render_results(sections: list[Section]) -> str:
    """All sections as one page: machine and versions, one table, then what the sections say beside it."""
    rows = [row for section in sections for row in section.rows]
    texts = [section.text for section in sections if section.text]
    return (
        "\n\n".join(["# Benchmarks", f"By `make bench`. {describe_surroundings()}", render_table(rows), *texts]) + "\n"
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
        ratio = f"{format_figure(ratios[len(ratios) // 2])} ({format_figure(ratios[0])}–{format_figure(ratios[-1])})"
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
    cpuinfo = Path("/proc/cpuinfo")
    processor = name_processor(cpuinfo.read_text() if cpuinfo.exists() else "")
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{count_cpus()} CPUs ({processor}), {memory:.0f} GiB; {system}; {libraries}."
