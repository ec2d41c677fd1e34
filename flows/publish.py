"""Publish recorded runs in results/, and write the pages that show all of them: `python -m flows.publish demo-arl`."""

import argparse

from execution.git import PROJECT, check_repository
from experiments.published_overview import write_overview
from experiments.published_run import RESULTS, publish_run
from flows.command_line import run_command


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiments", nargs="*", help="to publish; without any, the pages are written again")
    experiments = parser.parse_args().experiments

    def publish() -> None:
        check_repository(PROJECT)
        try:
            for experiment in experiments:
                print(publish_run(PROJECT, experiment))
        finally:  # where one is refused, the pages show those before it
            write_overview(PROJECT)
        print(RESULTS / "README.md")

    run_command(publish)


if __name__ == "__main__":
    main()
