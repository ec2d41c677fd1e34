"""Read YAML that is as plain as parameters are: written out, without aliases and tags."""

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent

from pipeline.errors import InputError


class PlainComposer(Composer):
    """Aliases make an output of any size of a few lines, and values need not fit their tags."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Put together what comes next, if it is plain."""
        event = self.parser.peek_event()
        if isinstance(event, AliasEvent):
            raise ValueError(f"the alias *{event.anchor}, which is not written out")
        if getattr(event, "tag", None):
            raise ValueError(f"the tag {event.tag!a}")
        return super().compose_node(parent, index)


def load_plain_yaml(content: bytes | str, source: str) -> Any:
    """Read YAML 1.2, as DVC does: 1e-4 is a number, `off` is a word.

    Args:
        content: UTF-8.
        source: names it in error messages.

    Raises:
        InputError: it is not YAML, not plain, or nested as deep as no parameters are.
    """
    yaml = YAML(typ="safe", pure=True)  # whose nesting overflows no stack of C's
    yaml.Composer = PlainComposer
    try:
        return yaml.load(content)
    except (YAMLError, ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{source} requires valid YAML. Received: {' '.join(str(error).split())}") from error
