"""A folder of git repositories over HTTP, by git's own backend, for whoever has the password."""

import base64
import os
import subprocess
from http.server import BaseHTTPRequestHandler
from pathlib import Path

USER, PASSWORD = "me", "pa55word"


def make_git_handler(folder: Path):
    """The request handler of a server of the bare repositories in a folder."""
    allowed = f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.answer(b"")

        def do_POST(self):
            self.answer(b"".join(self.read_body()))

        def read_body(self):
            if length := self.headers["Content-Length"]:
                yield self.rfile.read(int(length))
            else:  # chunked
                while size := int(self.rfile.readline(), 16):
                    yield self.rfile.read(size)
                    self.rfile.readline()

        def answer(self, body):
            if self.headers["Authorization"] != allowed:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.end_headers()
                return
            path, _, query = self.path.partition("?")
            env = os.environ | {
                "GIT_PROJECT_ROOT": str(folder),
                "GIT_HTTP_EXPORT_ALL": "1",
                "REMOTE_USER": USER,
                "REQUEST_METHOD": self.command,
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "CONTENT_TYPE": self.headers["Content-Type"] or "",
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers["Content-Encoding"] or "",
                "GIT_PROTOCOL": self.headers["Git-Protocol"] or "",
            }
            done = subprocess.run(["git", "http-backend"], input=body, env=env, check=True, capture_output=True)
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
            self.send_response(int(headers.pop("Status", "200 OK").split()[0]))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            """Prints nothing."""

    return Handler
