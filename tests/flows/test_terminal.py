"""The display of stages, in a terminal that is a pseudo terminal."""

import os
import pty
import re
import subprocess
import sys

from tests.tiny_repository import ROOT

# Records as Prefect's own loggers make them of flows and tasks.
LOGS = """
import logging, time
from flows.terminal import print_page, show_stages

logging.basicConfig(format="%(levelname)s %(message)s")
flow, task = (logging.getLogger(f"prefect.{kind}_runs") for kind in ("flow", "task"))
logging.getLogger("prefect").setLevel("INFO")

def tell(name, *lines):
    for line in lines:
        task.info(line, extra={"task_run_id": name, "task_run_name": name})

with show_stages(verbose=VERBOSE):
    flow.info("Beginning flow run 'mine-arl' for flow 'reproduce'")
    flow.info("experiment mine-arl, of commit abc")
    tell("clone", "Finished in state Completed()")
    tell("download", "Stage 'download' didn't change, skipping", "Finished in state Completed()")
    tell("train@attention-56", "Running stage 'train@attention-56':", "> python -m pipeline.stages.train attention-56",
         "attention-56: 40 % of 100 images, epoch 1/2, 321 images/s, 00:07 left")
    time.sleep(0.5)
    tell("train@attention-56", "attention-56: trained in 0.1 min, 321 images/s", "Updating lock file 'dvc.lock'",
         "Finished in state Completed()")
    flow.warning("left out, because not committed: scratch.txt")
    tell("evaluate@attention-56", "Running stage", "Finished in state Failed('[red]no[/red]')")
print_page("| Network | Error |\\n| --- | ---: |\\n| attention-56 | 1.25 |\\n", verbose=VERBOSE)
"""


def run_in_terminal(command, **options):
    """All that a command shows in a terminal, without what moves and colors it."""
    main, other = pty.openpty()
    process = subprocess.Popen(command, stdin=other, stdout=other, stderr=other, **options)
    os.close(other)
    shown = b""
    try:
        while chunk := os.read(main, 1 << 16):
            shown += chunk
    except OSError:  # as Linux says that the other side is closed
        pass
    os.close(main)
    assert process.wait() == 0, shown
    return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", shown.decode())


def show_logs(verbose):
    script = LOGS.replace("VERBOSE", str(verbose))
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    return run_in_terminal([sys.executable, "-c", script], cwd=ROOT, env=environment)


def test_a_terminal_shows_a_line_for_each_stage_and_the_progress_of_the_one_at_work():
    shown = show_logs(verbose=False)
    lines = [line.strip() for line in re.split(r"[\r\n]+", shown)]
    assert "experiment mine-arl, of commit abc" in lines
    assert any(re.fullmatch(r"✓ download +\d\.\d s  as it was", line) for line in lines)
    assert any(
        re.fullmatch(r"✓ train@attention-56 +\d\.\d s  trained in 0.1 min, 321 images/s", line) for line in lines
    )
    assert "epoch 1/2, 321 images/s, 00:07 left" in shown
    assert "left out, because not committed: scratch.txt" in lines
    assert any(line.startswith("✗ evaluate@attention-56") for line in lines)
    for unseen in ("Beginning", "clone", "Running stage", "python -m", "lock file", "Finished"):
        assert unseen not in shown
    assert "| ---" not in shown
    assert re.search(r"attention-56 .* 1\.25", shown)


def test_all_lines_are_shown_where_they_are_asked_for():
    shown = show_logs(verbose=True)
    for line in ("INFO Running stage 'train@attention-56':", "INFO Updating lock file 'dvc.lock'"):
        assert f"{line}\r\n" in shown
    assert "| attention-56 | 1.25 |" in shown
