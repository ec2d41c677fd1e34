"""Run a recorded experiment again, from nothing, and compare every output: `python -m flows.verify demo-arl`."""

import argparse
import sys

from execution.git import PROJECT
from experiments.verifying.verification import count_broken, format_findings, verify
from flows.command_line import run_command


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?", default="HEAD", help="an experiment, or another revision, such as demo-arl")
    name = parser.parse_args().name

    def print_findings() -> None:
        findings = verify(PROJECT, name)
        print(format_findings(name, findings))
        sys.exit(count_broken(findings) > 0)

    run_command(print_findings)


if __name__ == "__main__":
    main()
