"""One training or evaluation at a time on a GPU, whoever starts them: two would run out of its memory."""

import atexit
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from pipeline.locks import hold_lock
from pipeline.settings.sections import Device

# Not tempfile.gettempdir(): TMPDIR differs from user to user and from job to job.
FOLDER = Path("/tmp")  # noqa: S108 - a lock file is never written to
QUERY = ("nvidia-smi", "--query-gpu=index,uuid", "--format=csv,noheader")


def hold_gpus(device: Device) -> None:
    """Hold a lock for each GPU that this process could use until it ends; wait while another process holds one.

    To be called before a backend is imported, which then numbers GPUs as nvidia-smi does. Processes that do not share
    /tmp, as in containers, do not see each other's locks.
    """
    if device == "cpu":
        return
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    locks = ExitStack()
    atexit.register(locks.close)
    # In one order everywhere: two processes never hold what the other one waits for.
    for uuid in sorted(select_gpus(list_gpus(), os.environ.get("CUDA_VISIBLE_DEVICES"))):
        locks.enter_context(hold_lock(FOLDER / f"{uuid}.lock", f"the process that uses {uuid}"))


def list_gpus() -> dict[str, str]:
    """The machine's NVIDIA GPUs: UUIDs by index, as nvidia-smi tells them; none where there is no such program."""
    try:
        done = subprocess.run(QUERY, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        return {}
    except subprocess.CalledProcessError as error:  # as where its driver is not loaded
        print(f"nvidia-smi finds no GPU: {' '.join(error.stdout.split())}", file=sys.stderr)
        return {}
    return dict(line.split(", ") for line in done.stdout.splitlines() if ", " in line)


def select_gpus(gpus: dict[str, str], visible: str | None) -> set[str]:
    """The UUIDs of the GPUs that CUDA_VISIBLE_DEVICES leaves visible; all that it could mean, where that is not sure.

    Args:
        gpus: UUIDs by index.
        visible: its value; None where it is not set.
    """
    if visible is None:
        return set(gpus.values())
    selected: set[str] = set()
    for entry in map(str.strip, visible.split(",")):
        if entry in ("", "-1"):  # it ends the list
            break
        if entry in gpus and os.environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID":
            selected.add(gpus[entry])
        else:
            # The beginning of a UUID; or a part of a GPU (MIG), or an index in CUDA's own order.
            selected |= {uuid for uuid in gpus.values() if uuid.startswith(entry)} or set(gpus.values())
    return selected
