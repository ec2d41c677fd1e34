"""The published studies, as results/README.md lists them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from execution.studies import STUDIES
from experiments.publishing.published_run import RESULTS

PAGE, CELLS = "README.md", "cells.json"  # in a study's folder


class PublishedStudy(NamedTuple):
    """A study with how many of its runs there are, and how many it asks for."""

    name: str
    question: str
    present: int
    asked: int


def list_published_studies(repository: Path) -> Iterator[PublishedStudy]:
    """The published studies, as their pages and cells say."""
    for page in sorted((repository / RESULTS / STUDIES).glob(f"*/{PAGE}")):
        cells = json.loads(page.with_name(CELLS).read_text())["cells"]
        question = page.read_text().splitlines()[0].removeprefix("# ")
        yield PublishedStudy(page.parent.name, question, sum(1 for cell in cells if cell["metrics"]), len(cells))
