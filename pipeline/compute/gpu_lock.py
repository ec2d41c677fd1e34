"""One training or evaluation at a time on a GPU, whoever starts them: two would run out of its memory."""

import atexit
import itertools
import os
import subprocess
from contextlib import ExitStack
from pathlib import Path

from pipeline.errors import print_error
from pipeline.locks import hold_lock
from pipeline.settings.sections import Device

# Not tempfile.gettempdir(): TMPDIR differs from user to user and from job to job.
FOLDER = Path("/tmp")  # noqa: S108 - a lock file is never written to
QUERY = ("nvidia-smi", "--query-gpu=index,uuid", "--format=csv,noheader")


def hold_gpus(device: Device, devices: int) -> None:
    """Hold a lock for each of the first `devices` GPUs until this process ends, and see these only.

    It waits while another process holds one. To be called before a backend is imported, which would take memory on all
    that it sees, and then numbers GPUs as nvidia-smi does. Processes that do not share /tmp, as in containers, do not
    see each other's locks.
    """
    if device == "cpu":
        return
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    gpus = list_gpus()
    visible = list_visible(gpus, os.environ.get("CUDA_VISIBLE_DEVICES"))[:devices]
    if gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(visible)
    locks = ExitStack()
    atexit.register(locks.close)
    # In one order everywhere: two processes never hold what the other one waits for.
    for uuid in sorted({uuid for entry in visible for uuid in find_gpus(gpus, entry)}):
        locks.enter_context(hold_lock(FOLDER / f"{uuid}.lock", f"the process that uses {uuid}"))


def list_gpus() -> dict[str, str]:
    """The machine's NVIDIA GPUs: UUIDs by index, as nvidia-smi tells them; none where there is no such program."""
    try:
        done = subprocess.run(QUERY, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        return {}
    except subprocess.CalledProcessError as error:  # as where its driver is not loaded
        print_error(f"nvidia-smi finds no GPU: {' '.join(error.stdout.split())}")
        return {}
    return dict(line.split(", ") for line in done.stdout.splitlines() if ", " in line)


def list_visible(gpus: dict[str, str], visible: str | None) -> list[str]:
    """What CUDA_VISIBLE_DEVICES names, up to what ends it, in CUDA's order; indices where it is not set.

    Args:
        gpus: UUIDs by index.
        visible: its value; None where it is not set.
    """
    entries = [entry.strip() for entry in visible.split(",")] if visible is not None else list(gpus)
    return list(itertools.takewhile(lambda entry: entry not in ("", "-1"), entries))


def find_gpus(gpus: dict[str, str], entry: str) -> set[str]:
    """The UUIDs that an entry of CUDA_VISIBLE_DEVICES could mean: one, or all where that is not sure."""
    if entry in gpus and os.environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID":
        return {gpus[entry]}
    # The beginning of a UUID; or a part of a GPU (MIG), or an index in CUDA's own order.
    return {uuid for uuid in gpus.values() if uuid.startswith(entry)} or set(gpus.values())
