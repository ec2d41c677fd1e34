"""What a person sees of a run in a terminal: its stages, the one at work with its progress, and pages with tables."""

import logging
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from rich.console import Console
from rich.markdown import Markdown
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from flows.progress import parse_progress

# Prefect's own lines.
FINISHED, OWN = re.compile(r"Finished in state (\w+)"), re.compile(r"Beginning |View at |Finished in ")
# Of what a stage and DVC print, the last of these stays beside it.
TOLD = re.compile(r"attention-\S+: (?P<what>.+)")
# In Markdown, with the heading of which it is all.
PICTURE = re.compile(r"^(## .*\n\n)?!\[.*\n", re.MULTILINE)
UNCHANGED, CACHED = "didn't change, skipping", "is cached - skipping run"


class Row(NamedTuple):
    """A stage at work: its row in the display, and when it said its first line, in seconds of a clock."""

    row: TaskID
    begun: float


class StageDisplay(logging.Handler):
    """Shows the logs of flows: stages at work with their progress, then a line for each; and what goes wrong."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.INFO)
        columns = (
            TextColumn("{task.description:<24}", markup=False),
            BarColumn(12),
            TextColumn("{task.fields[told]}", markup=False),
        )
        self.progress = Progress(SpinnerColumn(), *columns, TimeElapsedColumn(), console=console, transient=True)
        self.rows: dict[str, Row] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record of Prefect's logs, with what Prefect adds to it."""
        text, task = record.getMessage(), getattr(record, "task_run_id", None)
        if record.levelno >= logging.WARNING:
            self.say(text, "red" if record.levelno >= logging.ERROR else "yellow")
        if task:
            self.follow(task, getattr(record, "task_run_name", ""), text)
        elif record.levelno == logging.INFO and record.name == "prefect.flow_runs" and not OWN.match(text):
            self.say(text, "bold")

    def follow(self, task: str, name: str, text: str) -> None:
        """Take a line of a task's: a stage's begin with DVC's; what only ends, with Prefect's, is no stage."""
        finished = FINISHED.match(text)
        if task not in self.rows:
            if finished:
                return
            self.rows[task] = Row(self.progress.add_task(name, total=None, told=""), time.monotonic())
        row, begun = self.rows[task]
        if finished:
            told = next(shown.fields["told"] for shown in self.progress.tasks if shown.id == row)
            self.progress.remove_task(row)
            del self.rows[task]
            succeeded = finished[1] == "Completed"
            line = f"{'✓' if succeeded else '✗'} {name:<24} {time.monotonic() - begun:6.1f} s  {told}"
            self.say(line.rstrip(), "" if succeeded else "red")
        elif progress := parse_progress(text):
            percent, told = progress
            self.progress.update(row, total=100, completed=percent, told=told.partition(": ")[2])
        elif told := describe(text):
            self.progress.update(row, told=told)

    def say(self, text: str, style: str) -> None:
        """Print a text above what is at work."""
        self.progress.console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def describe(line: str) -> str:
    """What stays of a line that a stage or DVC prints; "" for nothing."""
    if UNCHANGED in line or CACHED in line:
        return "as it was" if UNCHANGED in line else "from the cache"
    told = TOLD.fullmatch(line)
    return told["what"] if told else ""


@contextmanager
def show_stages(*, verbose: bool) -> Iterator[None]:
    """Show the flows of the block as stages where standard error is a terminal; else, or if verbose, all log lines."""
    if verbose or not sys.stderr.isatty():
        yield
        return
    logging.getLogger("dvc.progress").setLevel(logging.CRITICAL)  # it draws bars of its own, but for one that is quiet
    logs, display = logging.getLogger(), StageDisplay(Console(stderr=True))
    handlers, logs.handlers = logs.handlers, [display]
    try:
        with display.progress:
            yield
    finally:
        logs.handlers = handlers


def print_page(text: str, *, verbose: bool) -> None:
    """Print a page in Markdown, with its tables drawn where standard output is a terminal and not verbose."""
    if verbose or not sys.stdout.isatty():
        print(text)
    else:
        Console().print(Markdown(PICTURE.sub("", text)))  # no picture can be seen there
