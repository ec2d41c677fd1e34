"""Fixtures that several tests share: a folder to run stages in, tiny data sets, a local web server."""

import hashlib
import io
import json
import os
import shutil
import signal
import tarfile
import threading
from http.server import ThreadingHTTPServer

import numpy as np
import pytest
from ruamel.yaml import YAML
from xdist.scheduler import LoadFileScheduling

from pipeline.cifar.layouts import FILE_LAYOUTS
from pipeline.compute.kernels import force_portable_kernels
from tests.tiny_repository import ROOT, Repository

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
force_portable_kernels()  # for tests that import TensorFlow by themselves
# Where tests run in the background it may be ignored, and what they start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# First what takes minutes, so that no worker is left alone with it at the end. The first three share a run of flows.
LONGEST = (
    *("test_local.py", "test_pipeline.py", "test_deployments.py", "test_kernels.py", "test_bad_input.py"),
    *("test_devices.py", "test_grid.py", "test_resumption.py"),
)


def pytest_collection_modifyitems(items):
    """Order the files, and leave what is in them as it is."""
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.name, len(LONGEST)))


class Scheduling(LoadFileScheduling):
    """A file's tests in one process, as its fixtures are made once; and those that share a run, too.

    Those on emulated CPUs are minutes each and share nothing.
    """

    def _split_scope(self, nodeid):
        file = nodeid.partition("::")[0]
        if file.endswith("test_kernels.py"):
            return nodeid
        return "tests of one run" if file.endswith(LONGEST[:3]) else file


@pytest.hookimpl(optionalhook=True)  # without xdist there is no such hook
def pytest_xdist_make_scheduler(config, log):
    """Take the place of `--dist loadfile`."""
    return Scheduling(config, log)


@pytest.fixture
def demo():
    """The demo recipe as nested dictionaries, free to change."""
    return YAML(typ="safe").load(ROOT / "recipes/demo.yaml")


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """An empty folder as the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CIFAR_MIRROR", raising=False)
    return tmp_path


@pytest.fixture
def write_params(workspace, demo):
    """Write params.yaml: the demo recipe with some sections replaced."""

    def write(**sections):
        (workspace / "params.yaml").write_text(json.dumps(demo | sections))  # JSON is YAML

    return write


@pytest.fixture(scope="session")
def make_files():
    """Make the files of a layout, by name; the classes take turns over each file, and pixels are random."""

    def make(layout_name="cifar10", images=10, classes=10):
        layout, random = FILE_LAYOUTS[layout_name], np.random.default_rng(0)
        files = {}
        for name in layout.data_files:
            rows = random.integers(0, 256, (images, layout.record_bytes), np.uint8)
            rows[:, layout.label_bytes - 1] = np.arange(images) % classes
            if layout.label_bytes == 2:
                rows[:, 0] = rows[:, 1] // 5
            files[name] = rows.tobytes()
        return files | {layout.names_file: "".join(f"class_{number}\n" for number in range(classes)).encode()}

    return make


@pytest.fixture(scope="session")
def write_archive():
    """Write a gzipped tar of `files`, and of further tar members, and give its sha256."""

    def write(path, files, folder="cifar-10-batches-bin", further=()):
        with tarfile.open(path, "w:gz") as tar:
            top = tarfile.TarInfo(folder)
            top.type = tarfile.DIRTYPE
            tar.addfile(top)
            for name, content in files.items():
                member = tarfile.TarInfo(f"{folder}/{name}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
            for member in further:
                tar.addfile(member, io.BytesIO(bytes(member.size)))
        return hashlib.sha256(path.read_bytes()).hexdigest()

    return write


@pytest.fixture
def serve(monkeypatch):
    """Serve with a request handler on this machine until the test ends, and give the base address."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    servers = []

    def start(handler):
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


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


@pytest.fixture(scope="session")
def small_template(tmp_path_factory):
    """The folder of a repository with DVC whose stages take no time."""
    repository = Repository(tmp_path_factory.mktemp("template"), tmp_path_factory.mktemp("home"))
    repository.run("git", "init", "--quiet", "--initial-branch=main")
    repository.run("dvc", "init", "--quiet")
    (repository.folder / "dvc.yaml").write_text(GRAPH)
    write_parameters(repository.folder)
    repository.commit("first")
    return repository.folder


@pytest.fixture
def small_repository(small_template, tmp_path, monkeypatch):
    """A copy of it; git knows nobody here."""
    repository = Repository(tmp_path / "repository", tmp_path)
    repository.env = {name: value for name, value in repository.env.items() if not name.startswith("GIT_")}
    repository.env["GIT_CONFIG_NOSYSTEM"] = "1"
    for name in os.environ.keys() - repository.env.keys():
        monkeypatch.delenv(name)
    repository.enter(monkeypatch)
    shutil.copytree(small_template, repository.folder)
    repository.run("git", "update-index", "--refresh")
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
    return small_repository.run("git", "rev-parse", "HEAD").strip()
