"""The exceptions that end a command with one line."""


class InputError(ValueError):
    """Something the user gave cannot be used: a parameter, a file, a source, a machine.

    The message is one line that says what was required and ends with ``Received: …``;
    `pipeline.stages.command.run` prints it without a traceback.
    """


class PassingError(InputError):
    """A source failed in a way that may pass: the same command may succeed later."""
