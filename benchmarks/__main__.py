"""Measure all of it, or what is named: `python -m benchmarks [NAME …]`.

Each benchmark's findings are kept as soon as it ends; benchmarks/RESULTS.md is the page of all that were kept.
"""

import argparse
import importlib

from benchmarks.processes import ROOT
from benchmarks.results import load_sections, render_results, render_table, save_section

# In the order of the table; each is a module with a function `measure`.
BENCHMARKS = ("orchestration", "grid", "inputs", "training", "exactness", "data_stages", "growth", "depths", "gpu")
MEASURED, RESULTS = ROOT / "benchmarks/measured", ROOT / "benchmarks/RESULTS.md"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(BENCHMARKS)}; all, if none is given")
    names = parser.parse_args().names
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"benchmarks require names of {', '.join(BENCHMARKS)}. Received: {', '.join(sorted(unknown))}")
    for name in names or BENCHMARKS:
        print(f"{name} …", flush=True)
        section = importlib.import_module(f"benchmarks.{name}").measure()
        print(render_table(section.rows), section.text, sep="\n\n", flush=True)
        save_section(MEASURED, name, section)
        RESULTS.write_text(render_results(load_sections(MEASURED, BENCHMARKS)))
    print(RESULTS)


if __name__ == "__main__":
    main()
