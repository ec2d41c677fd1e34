"""A PostgreSQL server for tests, of Debian's packages; it refuses to be root's."""

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from tests.flows.prefect_server import ended
from tests.free_port import find_free_port
from tests.tiny_repository import wait_until

PROGRAMS = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


@contextmanager
def serve_postgresql():
    """Serve an empty database, and give its address for Prefect."""
    owner = {"user": "postgres"} if os.geteuid() == 0 else {}
    port = find_free_port()
    with tempfile.TemporaryDirectory() as folder:
        if owner:
            shutil.chown(folder, **owner)
        data, quiet = f"{folder}/data", {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([PROGRAMS / "initdb", "-A", "trust", "-U", "prefect", "-D", data], check=True, **quiet, **owner)
        listen = ("-p", str(port), "-k", folder, "-c", "listen_addresses=127.0.0.1")
        with ended(subprocess.Popen([PROGRAMS / "postgres", "-D", data, *listen], **quiet, **owner)):
            wait_until(Path(folder, f".s.PGSQL.{port}").exists, 30)
            yield f"postgresql+asyncpg://prefect@127.0.0.1:{port}/postgres"
