"""Publish recorded runs and studies in results/, and write the pages that show all of them.

`python -m flows.publish demo-arl`, `python -m flows.publish studies/learning`
"""

import argparse
from pathlib import Path

from execution.git import PROJECT, check_repository
from execution.studies import STUDIES
from experiments.published_overview import write_overview
from experiments.published_run import RESULTS, publish_run
from experiments.published_study import publish_study
from flows.command_line import run_command
from pipeline.errors import InputError


def publish_one(name: str, *, models: bool) -> Path:
    """Publish an experiment or, where the name is a path in studies/, a study, and give the folder."""
    path = Path(name)
    if path.parent == STUDIES:
        return publish_study(PROJECT, path.stem)
    return publish_run(PROJECT, name, models=models)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "names", nargs="*", help="experiments and studies to publish; without any, the pages are written again"
    )
    parser.add_argument(
        "--models", action="store_true", help="publish their models too, with a card of each: some megabytes"
    )
    arguments = parser.parse_args()

    def publish() -> None:
        check_repository(PROJECT)
        refused = []
        for name in arguments.names:
            try:
                print(publish_one(name, models=arguments.models))
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
