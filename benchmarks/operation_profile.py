"""Where a contender's time goes, by kind of TensorFlow's operations.

    python -m benchmarks.operation_profile MODULE [ARGUMENT …]

prints a table for a module of contenders, such as `benchmarks.our_training attention-56 seed 0.5`.
"""

import importlib
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.processes import run_module

SHOWN = 12


def profile_operations(title: str, module: str, *arguments: str) -> str:
    """The table under a heading, from a process of its own."""
    table = run_module("benchmarks.operation_profile", module, *arguments)
    return f"## Where the time goes: {title}\n\n{table.rstrip()}"


def main(module: str, *arguments: str) -> None:
    """Trace a round and print the table."""
    measure_round = importlib.import_module(module).prepare_rounds(*arguments)
    measure_round()
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        speed = measure_round()["images_per_second"]
        tf.profiler.experimental.stop()
        (trace,) = Path(folder).rglob("*.xplane.pb")
        seconds = sum_operations(trace)
    shown = seconds.most_common(SHOWN)
    shown.append(("all others", seconds.total() - sum(used for _, used in shown)))
    print(f"By TensorFlow's profiler, at {speed:,.0f} images/s; operations run side by side on 2 threads.\n")
    print("| Operation | Seconds | Share |\n| --- | ---: | ---: |")
    for name, used in shown:
        print(f"| {name} | {used:.3f} | {100 * used / seconds.total():.0f} % |")


def sum_operations(trace: Path) -> Counter[str]:
    """Seconds by kind of operation in a trace of TensorFlow's profiler."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    space = xplane_pb2.XSpace()
    space.ParseFromString(trace.read_bytes())
    seconds: Counter[str] = Counter()
    for plane in space.planes:
        for event in (event for line in plane.lines for event in line.events):
            # An operation is called <name in the graph>:<kind>; a loop that XLA made has no kind.
            name, _, kind = plane.event_metadata[event.metadata_id].name.rpartition(":")
            if kind.endswith("_fusion"):
                kind = "XLA's loops"
            elif not name or name.endswith(":") or not kind.isidentifier():
                continue
            seconds[kind.removeprefix("_MklNative").removeprefix("_Mkl")] += event.duration_ps / 1e12
    return seconds


if __name__ == "__main__":
    main(*sys.argv[1:])
