"""Measure all of it, or what is named, and print one table: `python -m benchmarks [NAME …]`.

All of it is written to benchmarks/RESULTS.md too.
"""

import argparse
import importlib

from benchmarks.measurement import Section
from benchmarks.processes import ROOT
from benchmarks.results import render_results, render_table

# In the order of the table; each is a module with a function `measure`.
BENCHMARKS = ("orchestration", "inputs", "training", "exactness", "data_stages", "growth", "depths", "gpu")
RESULTS = ROOT / "benchmarks/RESULTS.md"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(BENCHMARKS)}; all, if none is given")
    names = parser.parse_args().names
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"benchmarks require names of {', '.join(BENCHMARKS)}. Received: {', '.join(sorted(unknown))}")
    sections: list[Section] = []
    for name in names or BENCHMARKS:
        print(f"{name} …", flush=True)
        section = importlib.import_module(f"benchmarks.{name}").measure()
        print(render_table(section.rows), section.text, sep="\n\n", flush=True)
        sections.append(section)
    if not names:
        RESULTS.write_text(render_results(sections))
        print(RESULTS)


if __name__ == "__main__":
    main()
