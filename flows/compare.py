"""Compare recorded runs, two or more: `python -m flows.compare demo-arl demo-nal`."""

import argparse

from execution.places import PROJECT
from experiments.comparing.comparison import write_comparison
from experiments.publishing.published_run import find_run
from flows.plain_errors import PLAIN_ERRORS
from pipeline.errors import ended_plainly


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "runs", nargs="+", help="experiments, other revisions, or folders of results/, such as demo-arl"
    )
    parser.add_argument("--html", action="store_true", help="write a page to look at too, with the soft masks")
    arguments = parser.parse_args()
    with ended_plainly(plain=PLAIN_ERRORS):
        runs = [find_run(PROJECT, name) for name in arguments.runs]
        path = write_comparison(PROJECT, runs, html=arguments.html)
        print(f"{path.read_text()}\n{path}")
        if arguments.html:
            print(path.with_suffix(".html"))


if __name__ == "__main__":
    main()
