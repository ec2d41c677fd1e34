"""A user's mistake ends in one line that says what was received, and in no other error."""

from pipeline.errors import InputError


def accept_or_refuse(function, *arguments):
    """What a function gives and no message; or None and the message with which it refuses."""
    try:
        return function(*arguments), ""
    except InputError as error:
        message = str(error)
    assert len(message.splitlines()) == 1
    assert ". Received: " in message
    return None, message


def refusal(function, *arguments):
    """The message with which a function refuses."""
    _, message = accept_or_refuse(function, *arguments)
    assert message, "nothing was refused"
    return message
