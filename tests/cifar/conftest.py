"""A web server that misbehaves on request."""

import gzip
import threading
from http.server import BaseHTTPRequestHandler

import pytest


@pytest.fixture
def server(serve):
    """Serves `content` at `url`, notes the ranges that it is asked for, and errs as told by `then`."""

    class Server(BaseHTTPRequestHandler):
        content = gzip.compress(bytes(range(256)) * 40, compresslevel=0, mtime=0)
        answers, ranges = [], []

        @classmethod
        def then(cls, method, times=1, **arguments):
            """Answer the next requests by a method; after them answer as a good server does."""
            cls.answers += [(method, arguments)] * times

        def do_GET(self):
            self.ranges.append(self.headers["Range"])
            method, arguments = self.answers.pop(0) if self.answers else ("send_range", {})
            getattr(self, method)(**arguments)

        def send_range(self, sent=None):
            """Send what is asked for; the transfer breaks after `sent` bytes."""
            start = int((self.headers["Range"] or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
            rest, size = self.content[start:], len(self.content)
            if not rest:
                self.reply(416, Content_Range=f"bytes */{size}")
            elif self.headers["Range"]:
                place = f"bytes {start}-{size - 1}/{size}"
                self.reply(206, rest[:sent], Content_Length=len(rest), Content_Range=place)
            else:
                self.reply(200, rest[:sent], Content_Length=size)

        def reply(self, status=200, body=b"", **headers):
            self.send_response(status)
            for name, value in ({"Content_Length": len(body)} | headers).items():
                self.send_header(name.replace("_", "-"), str(value))
            self.end_headers()
            self.wfile.write(body)

        def stay_silent(self, seconds):
            threading.Event().wait(seconds)

        def log_message(self, *args):
            pass

    Server.url = f"{serve(Server)}/data.tar.gz"
    return Server
