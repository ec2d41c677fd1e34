"""Read each hostile archive as the stage `download` does, in the current folder, and print what came of it.

    python -m tests.limited tests.cifar.read_hostile_archives <folder for the archive>

Prints a line of JSON for each archive and way: the outcome, the seconds, the additional memory, what was touched.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from pipeline.cifar.archives import read_members
from pipeline.cifar.datasets import ArchiveDataset
from pipeline.errors import InputError
from pipeline.stages.download import write_raw
from tests.cifar.hostile_archives import DATA, FILES, list_archives, list_bombs

OUTPUT = Path("data/raw/pictures")
CLASSES = tuple(FILES["batches.meta.txt"].decode().split())
DIGESTS = {name: hashlib.sha256(FILES[name]).hexdigest() for name in DATA}
PLACES = (Path("data").absolute(), Path(tempfile.gettempdir()))
CHANGES = {
    "open", "os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink",
    "os.system", "os.truncate", "os.utime", "pickle.find_class", "shutil.rmtree", "socket.connect", "subprocess.Popen",
}  # fmt: skip
touched = set()


def note_changes(event, arguments):
    """An audit hook: what Python itself says that it is about to change elsewhere, or to unpickle."""
    reads = event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    beneath = event in {"os.remove", "os.rmdir"} and arguments[1] != -1  # of a folder whose removal is noted
    if event in CHANGES and not reads and not beneath:
        paths = arguments[: 2 if event in {"os.link", "os.rename", "os.symlink"} else 1]
        for path in (Path(str(path)).absolute() for path in paths):
            if ".." in path.parts or not any(path.is_relative_to(place) for place in PLACES):
                touched.add(f"{event} {path}")


def memory(key):
    """A process' memory in bytes, as Linux counts it: VmRSS is what it has now, VmHWM the most that it has had."""
    return int(Path("/proc/self/status").read_text().split(f"{key}:")[1].split()[0]) << 10


def read(archive, dataset):
    """Say `refused: <message>`, or whether the right files lie there."""
    try:
        write_raw(dataset, read_members(archive, dataset))
    except InputError as error:
        return f"refused: {error}"
    content = {path.name: path.read_bytes() for path in OUTPUT.iterdir() if path.name != "manifest.json"}
    return "true" if content == {name: FILES[name] for name in DATA} else "other files"


def measure(archive, dataset, memory_before):
    """Read one archive under observation; the additional memory includes what the generator still holds."""
    Path("/proc/self/clear_refs").write_text("5")  # VmHWM starts anew
    touched.clear()
    start = time.monotonic()
    outcome = read(archive, dataset)
    seconds, additional = time.monotonic() - start, memory("VmHWM") - memory_before
    noted = sorted(touched)
    shutil.rmtree(OUTPUT, ignore_errors=True)
    left = [str(path) for place in PLACES for path in place.rglob("*") if path != OUTPUT.parent.absolute()]
    return {"outcome": outcome, "seconds": seconds, "bytes": additional, "touched": noted, "left": left}


def main(archive):
    sys.addaudithook(note_changes)
    memory_before = memory("VmRSS")
    bombs = {name for name, _ in list_bombs()}
    for name, content in list_archives():
        archive.write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        ways = {"by its digest": ArchiveDataset("pictures", "cifar10", "", sha256, classes=CLASSES)}
        if name not in bombs:  # the two ways part only after decompression
            ways["by its files"] = ArchiveDataset("pictures", "cifar10", "", "0" * 64, DIGESTS, classes=CLASSES)
        for way, dataset in ways.items():
            print(json.dumps({"name": name, "way": way, "sha256": sha256} | measure(archive, dataset, memory_before)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
