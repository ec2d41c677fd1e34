"""Publish recorded runs in results/, and write the pages that show all of them: `python -m flows.publish demo-arl`."""

import argparse

from execution.git import PROJECT, check_repository
from experiments.published_overview import write_overview
from experiments.published_run import RESULTS, publish_run
from flows.command_line import run_command
from pipeline.errors import InputError


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiments", nargs="*", help="to publish; without any, the pages are written again")
    parser.add_argument(
        "--models", action="store_true", help="publish their models too, with a card of each: some megabytes"
    )
    arguments = parser.parse_args()

    def publish() -> None:
        check_repository(PROJECT)
        refused = []
        for experiment in arguments.experiments:
            try:
                print(publish_run(PROJECT, experiment, models=arguments.models))
            except InputError as error:
                refused.append(str(error))
        try:
            write_overview(PROJECT)
            print(RESULTS / "README.md")
        except InputError as error:
            refused.append(str(error))
        if refused:
            raise InputError("; ".join(refused))

    run_command(publish)


if __name__ == "__main__":
    main()
