"""Run a recipe with ARL and with NAL, or what is missing of a study, here, on a Prefect server that ends with it.

`python -m flows.local demo`, `python -m flows.local studies/learning`
"""

import argparse
from pathlib import Path

from execution.places import PROJECT
from execution.plan import plan_run
from execution.studies import find_study_name, load_study
from experiments.experiment import load_run
from experiments.verifying.agreement import describe_agreement
from flows.own_server import serve_alone, stay_here
from flows.plain_errors import PLAIN_ERRORS
from pipeline.errors import ended_plainly


def run_tables(recipe: str, *, verbose: bool) -> None:
    """Run the flow `tables` and print its page."""
    stay_here()
    commit = plan_run(PROJECT, recipe, "arl").commit
    with serve_alone():
        from flows.tables import tables
        from flows.terminal import print_page, show_stages

        with show_stages(verbose=verbose):
            arl, nal, path = tables(recipe, commit=commit)
    print_page(Path(path).read_text(), verbose=verbose)
    print(f"This page, with pictures: {Path(path).relative_to(PROJECT).with_suffix('.html')}")
    print(f"Its errors, from DVC:     dvc metrics diff {arl} {nal}")
    for name in (arl, nal):
        print(describe_agreement(PROJECT, load_run(PROJECT, name, commit)))


def run_study(name: str, *, verbose: bool) -> None:
    """Run the flow `study`, its runs one after another, and print its page."""
    stay_here()
    load_study(PROJECT, name, "HEAD")
    with serve_alone():
        from flows.study import study
        from flows.terminal import print_page, show_stages

        with show_stages(verbose=verbose):
            path = study(name, here=True)
    print_page(Path(path).read_text(), verbose=verbose)
    print(f"This page, with its picture: {Path(path).relative_to(PROJECT)}")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "name", nargs="?", default="demo", help="a file of recipes/, without its ending, or studies/ and one's name"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="in a terminal, too, every line that is printed")
    given = parser.parse_args()
    study = find_study_name(given.name)
    with ended_plainly("stopped; the same command goes on from the last checkpoint", PLAIN_ERRORS):
        if study:
            run_study(study, verbose=given.verbose)
        else:
            run_tables(given.name, verbose=given.verbose)


if __name__ == "__main__":
    main()
