"""Publish recorded runs and studies in results/, and write the pages that show all of them.

`python -m flows.publish demo-arl`, `python -m flows.publish studies/learning`
"""

import argparse
from pathlib import Path

from execution.git import check_repository
from execution.places import PROJECT
from execution.studies import find_study_name
from experiments.cells.published_study import publish_study
from experiments.publishing.published_overview import write_overview
from experiments.publishing.published_run import RESULTS, publish_run
from flows.plain_errors import PLAIN_ERRORS
from pipeline.errors import InputError, ended_plainly


def publish_one(name: str, *, models: bool) -> Path:
    """Publish an experiment or, where the name is a path in studies/, a study, and give the folder."""
    study = find_study_name(name)
    return publish_study(PROJECT, study) if study else publish_run(PROJECT, name, models=models)


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
    with ended_plainly(plain=PLAIN_ERRORS):
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


if __name__ == "__main__":
    main()
