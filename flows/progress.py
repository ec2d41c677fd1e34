"""A training's progress, as its lines tell it, in Prefect's pages and logs."""

import re
import time
from typing import cast
from uuid import UUID

from httpx import HTTPError
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.exceptions import PrefectException

AWAY_SECONDS = 600
# As pipeline.training.progress prints it where there is no terminal.
LINE = re.compile(r"(?P<network>\S+): +(?P<percent>\d+) % of \d+ images, (?P<rest>.+)")


def parse_progress(line: str) -> tuple[int, str] | None:
    """The percentage and the rest of a line of progress (epoch, images/s, time left); None for any other line."""
    match = LINE.fullmatch(line)
    return (int(match["percent"]), f"{match['network']}: {match['rest']}") if match else None


class TrainingProgress:
    """A progress artifact of the current task run, made with the first line of progress.

    Lines come every ten seconds at most, and so do the artifact's updates.
    """

    def __init__(self) -> None:
        self.artifact: UUID | None = None
        self.percent = -1
        self.next_try = 0.0

    def follow(self, line: str) -> bool:
        """Take a line of output, and say whether it belongs into the log: of progress, one line for each percent."""
        if not (progress := parse_progress(line)):
            return True
        percent, text = progress
        if time.monotonic() >= self.next_try:
            self.show(percent, text)
        news, self.percent = percent != self.percent, percent
        return news

    def show(self, percent: int, text: str) -> None:
        """Make or update the artifact; a server that does not answer is left alone for a while: asking takes long."""
        try:
            if self.artifact:
                update_progress_artifact(self.artifact, progress=percent, description=text)
            else:
                self.artifact = cast(UUID, create_progress_artifact(progress=percent, description=text))
        except (HTTPError, PrefectException):
            self.next_try = time.monotonic() + AWAY_SECONDS
