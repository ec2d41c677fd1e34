"""Markdown: pages from templates, tables, and the numbers in them."""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from jinja2 import Environment, StrictUndefined

Row = dict[str, Any]  # of a table: cells by heading


def render_template(path: Path, **values: Any) -> str:
    """A page from its template; a value that the template names and is not given is an error."""
    environment = Environment(  # noqa: S701 – it is Markdown
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters |= {"number": format_number, "table": format_table}
    return environment.from_string(path.read_text(encoding="utf-8")).render(values)


def format_table(rows: Sequence[Row]) -> str:
    """A table of rows with the same keys, its headings; the first column is text, the others are numbers.

    There is no table without rows.
    """
    if not rows:
        return ""
    cells = [list(rows[0]), *(list(row.values()) for row in rows)]
    lines = [[format_cell(cell).replace("|", r"\|") for cell in line] for line in cells]
    lines.insert(1, ["---"] + ["---:"] * (len(rows[0]) - 1))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def format_cell(cell: Any) -> str:
    """What a table shows of a value: numbers with a fraction have two digits, None is a dash."""
    return format_number(cell) if cell is None or isinstance(cell, float) else str(cell)


def format_number(value: float | None, spec: str = ".2f") -> str:
    """A number, such as a percentage with two digits, or a dash where there is none."""
    return "–" if value is None else format(value, spec)


def format_mean(values: Sequence[float], spec: str = ".2f") -> str:
    """The mean of one or more values, with their standard deviation where they are several."""
    deviation = f" ± {stdev(values):{spec}}" if len(values) > 1 else ""
    return f"{mean(values):{spec}}{deviation}"


def format_change(first: float | None, second: float | None) -> str:
    """From the first of two percentages to the second, in points with a sign, or a dash where one is missing."""
    return "–" if first is None or second is None else f"{second - first:+.2f}"
