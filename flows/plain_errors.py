"""Errors that their message explains: what the logs say of a flow that fails by one."""

import logging

from execution.dvc_client import DvcError
from execution.places import UnreachableError
from pipeline.errors import InputError

PLAIN_ERRORS = (InputError, DvcError, UnreachableError)


class PlainErrors(logging.Filter):
    """Leaves out the traceback of errors that are explained by their message; a flow shows its first line only.

    The rest of the message, a stage's last lines, is in the log of the task that failed.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record of such an error; let all pass."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, PLAIN_ERRORS):
            text = str(error)
            record.msg = text if record.name == "prefect.task_runs" else text.partition("\n")[0]
            record.args, record.exc_info = (), None
        return True


def show_plain_errors() -> None:
    """Let Prefect's logs of flows and tasks show errors in this way."""
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logging.getLogger(name).addFilter(PlainErrors())
