"""Where a data stage's time goes: `python -m benchmarks.stage_profile STAGE` prints rows of a table."""

import cProfile
import importlib
import re
import sys
import time
from collections import defaultdict

from pipeline.settings.params import load_params

SHOWN = 5


def main(stage: str) -> None:
    """Run the stage in the current folder, and print its imports and the functions that take longest themselves."""
    start = time.perf_counter()
    module = importlib.import_module(f"pipeline.stages.{stage}")
    seconds: defaultdict[str, float] = defaultdict(float, imports=time.perf_counter() - start)
    profile = cProfile.Profile()
    profile.runcall(getattr(module, stage), load_params())
    for entry in profile.getstats():
        seconds[name_function(entry.code)] += entry.inlinetime
    total = sum(seconds.values())
    shown = sorted(seconds.items(), key=lambda item: -item[1])[:SHOWN]
    shown.append(("all others", total - sum(used for _, used in shown)))
    for name, used in shown:
        print(f"| `{stage}` | {name} | {used:.2f} | {100 * used / total:.0f} % |")


def name_function(code: object) -> str:
    """A function's name as Python writes it: `zlib.Decompress.decompress`, `read_images`."""
    if not isinstance(code, str):
        return f"`{getattr(code, 'co_qualname', code)}`"
    name = re.sub(r"<method '(\w+)' of '([\w.]+)' objects>", r"\2.\1", code)
    return f"`{name.removeprefix('<built-in method ').removesuffix('>')}`"


if __name__ == "__main__":
    main(sys.argv[1])
