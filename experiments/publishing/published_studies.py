"""The published studies, as results/README.md lists them."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from execution.studies import STUDIES
from experiments.publishing.published_run import RESULTS

PAGE = "README.md"  # in a study's folder


class PublishedStudy(NamedTuple):
    """A study, and how its page begins: with how many of its runs there are, and what they show."""

    name: str
    question: str
    answer: str


def list_published_studies(repository: Path) -> Iterator[PublishedStudy]:
    """The published studies, as their pages say."""
    for page in sorted((repository / RESULTS / STUDIES).glob(f"*/{PAGE}")):
        question, answer = page.read_text().split("\n\n")[:2]
        yield PublishedStudy(page.parent.name, question.removeprefix("# "), answer)
