"""A server of S3's protocol, moto's, that can go away and come back with what it has."""

from collections.abc import Iterator
from contextlib import contextmanager

from moto.server import ThreadedMotoServer

from tests.free_port import find_free_port

# Amazon's library does not try again by itself: what is tested does.
CLIENT = {
    "AWS_ACCESS_KEY_ID": "me",
    "AWS_SECRET_ACCESS_KEY": "pa55word",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_MAX_ATTEMPTS": "1",
    "NO_PROXY": "127.0.0.1",
}


@contextmanager
def serve_s3() -> Iterator[tuple[ThreadedMotoServer, dict[str, str]]]:
    """Serve, and give the server with what the environment of a machine tells of it."""
    port = find_free_port()
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    yield server, CLIENT | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
    server.stop()
