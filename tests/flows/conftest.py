import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.flows.prefect_server import open_server
from tests.flows.projects import TinyProject


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    return TinyProject(tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def profile_requests(project):
    """The requests that arrive at the server that the user's Prefect profile and environment name: none should."""
    requests = []

    class Handler(BaseHTTPRequestHandler):
        def handle(self):
            requests.append(self.client_address)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}/api"
    home = Path(project.env["HOME"], ".prefect")
    home.mkdir()
    profile = f'active = "cloud"\n[profiles.cloud]\nPREFECT_API_URL = "{address}"\nPREFECT_API_KEY = "secret"\n'
    (home / "profiles.toml").write_text(profile)
    project.env["PREFECT_API_URL"] = address
    yield requests
    project.env.pop("PREFECT_API_URL", None)
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def first_run(project, profile_requests):
    """What `make reproduce` would print the first time, for the tiny recipe, with a file that is not committed."""
    (project.folder / "scratch.txt").touch()
    address = project.env["PREFECT_API_URL"]
    (project.folder / "prefect.toml").write_text(f'[api]\nurl = "{address}"\n')
    output = project.run("python", "-m", "flows.local", "tiny")
    (project.folder / "prefect.toml").unlink()
    (project.folder / "scratch.txt").unlink()
    return output


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory):
    """A Prefect server with the work pool `local`."""
    with open_server(tmp_path_factory.mktemp("prefect")) as (server, user):
        user.run("prefect", "work-pool", "create", "--type", "process", "local")
        yield server
