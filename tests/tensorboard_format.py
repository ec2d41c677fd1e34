"""TensorBoard's files of events, by their format."""

import struct

from tensorboard.compat.proto.event_pb2 import Event


def read_events(folder):
    """The values in a folder's events, by tag and step; by the format, as it is written down."""
    (file,) = folder.glob("*tfevents*")
    content, found = file.read_bytes(), {}
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        event = Event.FromString(content[12 : 12 + length])
        found |= {(value.tag, event.step): value for value in event.summary.value}
        content = content[16 + length :]
    return found
