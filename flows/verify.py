"""Run a recorded experiment again, from nothing, and compare every output: `python -m flows.verify demo-arl`."""

import argparse
import sys

from execution.places import PROJECT
from experiments.verifying.verification import count_broken, format_findings, verify
from flows.plain_errors import PLAIN_ERRORS
from pipeline.errors import ended_plainly


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?", default="HEAD", help="an experiment, or another revision, such as demo-arl")
    name = parser.parse_args().name
    with ended_plainly(plain=PLAIN_ERRORS):
        findings = verify(PROJECT, name)
        print(format_findings(name, findings))
        sys.exit(count_broken(findings) > 0)


if __name__ == "__main__":
    main()
