"""The one exception that stands for a user's mistake."""


class InputError(ValueError):
    """Something the user gave cannot be used: a parameter, a file, a source, a machine.

    The message is one line that says what was required and ends with ``Received: …``;
    `pipeline.stages.command.run` prints it without a traceback.
    """
