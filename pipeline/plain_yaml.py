"""Read YAML that is as plain as parameters are: short, shallow and written out.

Aliases make an output of any size of a few lines, and nesting overflows the stack of YAML's C library.
"""

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, ScalarEvent

from pipeline.errors import InputError

MAX_BYTES = 1 << 16
MAX_DEPTH = 10
MAX_SCALAR_CHARACTERS = 1000  # whole numbers too, which Python prints up to a length only


def load_plain_yaml(content: bytes, source: str) -> object:
    """Read YAML 1.2, as DVC does: 1e-4 is a number, `off` is a word.

    Args:
        content: UTF-8.
        source: names it in error messages.

    Raises:
        InputError: it is not YAML, or not as plain as that.
    """
    if len(content) > MAX_BYTES:
        raise InputError(f"{source} requires at most {MAX_BYTES} bytes. Received: more")
    try:
        _check_events(content, source)
        return YAML(typ="safe").load(content)
    except InputError:
        raise
    except (YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{source} requires valid YAML. Received: {' '.join(str(error).split())}") from error


def _check_events(content: bytes, source: str) -> None:
    """Look at the parts one after another, before anything is built of them."""
    depth = 0
    for event in YAML(typ="safe").parse(content):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise InputError(f"{source} requires at most {MAX_DEPTH} levels. Received: more")
        if isinstance(event, AliasEvent):
            raise InputError(f"{source} requires values that are written out. Received: the alias *{event.anchor}")
        if isinstance(event, ScalarEvent) and len(event.value) > MAX_SCALAR_CHARACTERS:
            raise InputError(
                f"{source} requires values of at most {MAX_SCALAR_CHARACTERS} characters. Received: {len(event.value)}"
            )
