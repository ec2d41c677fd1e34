"""The exceptions that end a command with one line, and how they do."""

import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class InputError(ValueError):
    """Something the user gave cannot be used: a parameter, a file, a source, a machine.

    The message is one line that says what was required and ends with ``Received: …``; `ended_plainly` prints it without
    a traceback.
    """


class PassingError(InputError):
    """A source failed in a way that may pass: the same command may succeed later."""


def print_error(line: str) -> None:
    """Print a line on standard error."""
    print(line, file=sys.stderr, flush=True)


@contextmanager
def ended_plainly(stopped: str = "stopped", plain: tuple[type[Exception], ...] = (InputError,)) -> Iterator[None]:
    """What a command does: what its user can mend ends the process with one line, and a status.

    The status is 1 for what the user gave, a disk that refuses, or a lack of memory; 75, EX_TEMPFAIL of sysexits.h, for
    what may pass; 130 after Ctrl-C; 141 where who reads the output, such as `head`, has had enough. Any other exception
    is a fault of the program and keeps its traceback.

    Args:
        stopped: the line after Ctrl-C.
        plain: the exceptions whose message explains them.
    """
    try:
        yield
        sys.stdout.flush()
    except PassingError as error:
        print_error(f"error: {error}")
        sys.exit(os.EX_TEMPFAIL)
    except plain as error:
        sys.exit(f"error: {error}")
    except BrokenPipeError:
        # What is still to be written has nowhere to go, and Python would say so as it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
    except OSError as error:
        sys.exit(f"error: the command requires files it can read and write. Received: {error}")
    except KeyboardInterrupt:
        print_error(stopped)
        sys.exit(130)
    except Exception as error:
        if not _is_out_of_memory(error):
            raise
        reason = str(error).partition("\n")[0] or type(error).__name__
        # TensorFlow says of a full disk, too, that a resource is exhausted.
        what = "room on the disk" if os.strerror(errno.ENOSPC) in reason else "memory; smaller batches take less"
        sys.exit(f"error: the command requires more {what}. Received: {reason}")


def _is_out_of_memory(error: Exception) -> bool:
    """Whether Python, TensorFlow or JAX say so, by name: this module imports neither."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "ResourceExhaustedError"
        or "RESOURCE_EXHAUSTED" in str(error)
    )
