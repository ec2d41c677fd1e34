import json
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.flows.prefect_server import Server
from tests.flows.projects import TinyProject
from tests.tiny_repository import Repository

GRAPH = """
stages:
  last: {cmd: cat first.txt > last.txt, deps: [first.txt], outs: [last.txt]}
  first: {cmd: "${command}", params: [command], outs: [first.txt]}
  each:
    matrix: {name: "${names}"}
    cmd: cat first.txt > ${item.name}.txt
    deps: [first.txt]
    outs: ["${item.name}.txt": {cache: false}]
"""


@pytest.fixture
def small_repository(tmp_path, monkeypatch):
    """A repository with DVC whose stages take no time; git knows nobody here."""
    repository = Repository(tmp_path / "repository", tmp_path)
    repository.folder.mkdir()
    repository.env = {name: value for name, value in repository.env.items() if not name.startswith("GIT_")}
    repository.env["GIT_CONFIG_NOSYSTEM"] = "1"
    for name in os.environ.keys() - repository.env.keys():
        monkeypatch.delenv(name)
    for name, value in repository.env.items():
        monkeypatch.setenv(name, value)
    repository.run("git", "init", "--quiet", "--initial-branch=main")
    repository.run("dvc", "init", "--quiet")
    (repository.folder / "dvc.yaml").write_text(GRAPH)
    write_parameters(repository.folder)
    author = ("-c", "user.name=somebody", "-c", "user.email=somebody@localhost")
    repository.run("git", "add", "--all")
    repository.run("git", *author, "commit", "--quiet", "--message=first")
    return repository


def write_parameters(folder, command="echo hello > first.txt", names=("a", "b")):
    text = json.dumps({"command": command, "names": names})  # JSON is YAML
    (folder / "params.yaml").write_text(text)
    return text


@pytest.fixture
def parameters(tmp_path):
    """Text of parameters for the small repository."""
    return lambda **changes: write_parameters(tmp_path, **changes)


@pytest.fixture
def head(small_repository):
    done = subprocess.run(
        ["git", "-C", small_repository.folder, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


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
    server = Server(tmp_path_factory.mktemp("prefect"))
    user = Repository(tmp_path_factory.mktemp("user"), tmp_path_factory.mktemp("home"))
    user.env |= server.env
    with server.running(user):
        user.run("prefect", "work-pool", "create", "--type", "process", "local")
        yield server
