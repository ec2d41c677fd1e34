"""Machines that share an origin, a DVC remote and a Prefect server; each has a home, a cache and a checkout."""

import json
import sys
from contextlib import contextmanager

from execution.guard import find_processes
from tests.tiny_repository import Repository, wait_until

WORKER = ("prefect", "worker", "start", "--pool")
GRID = "import sys, json; from flows.grid import grid; print(grid(**json.loads(sys.argv[1])))"


class Machine(Repository):
    """One of them, which knows only where the origin, the remote and the server are; it has a log."""

    def __init__(self, home, project, server):
        super().__init__(home / "code", home)
        home.mkdir()
        self.home, self.log = home, home / "log"
        self.env |= {name: value for name, value in project.env.items() if name.startswith(("RUN_TOLD", "AWS_"))}
        self.env |= server.env | {
            "PREFECT_HOME": str(home / "prefect"),
            "RUNS_ORIGIN": project.origin,
            "RUNS_DIR": str(home / "runs"),
            "RUNS_REMOTE": project.remote,
        }
        project.run("git", "clone", "--quiet", project.origin, str(self.folder))

    def start(self, *command):
        with self.log.open("a") as log:
            return super().start(*command, stderr=log)

    def kill(self):
        """End all its processes at once, as when its power fails."""
        while found := find_processes(str(self.home), "HOME"):
            for process in found:
                process.kill()


class Fleet:
    """A laptop, on which grids are started, and two workers; each can be killed and started again."""

    def __init__(self, machines, limit):
        self.machines, self.laptop = machines, machines["laptop"]
        self.commands = dict.fromkeys(("one", "two"), (*WORKER, "local", "--limit", str(limit)))
        self.processes = {}

    def start(self, name):
        self.processes[name] = self.machines[name].start(*self.commands[name])

    def kill(self, name):
        self.machines[name].kill()
        self.processes[name].wait()

    def start_grid(self, **arguments):
        self.commands["laptop"] = (sys.executable, "-c", GRID, json.dumps(arguments))
        self.start("laptop")

    def is_grid_over(self):
        return self.processes["laptop"].poll() is not None

    def finish_grid(self, seconds):
        """The grid's cells, once it has ended well."""
        wait_until(self.is_grid_over, seconds)
        assert self.processes["laptop"].returncode == 0, self.laptop.log.read_text()
        (path,) = self.laptop.home.glob("runs/comparisons/*/grid.json")
        return json.loads(path.read_text())["cells"]


@contextmanager
def open_fleet(folder, project, server, limit=1, deploy=("-m", "flows.deploy")):
    """The machines, with deployments and with workers at work, until the end; a worker takes `limit` runs at a time."""
    fleet = Fleet({name: Machine(folder / name, project, server) for name in ("laptop", "one", "two")}, limit)
    fleet.laptop.run("python", *deploy)
    try:
        for name in ("one", "two"):
            fleet.start(name)
        yield fleet
    finally:
        for name in fleet.processes:
            fleet.kill(name)
