"""How commands end, whatever they do."""

import subprocess
import sys

import pytest

from tests.tiny_repository import ROOT


@pytest.mark.parametrize("characters", [1, 1_000_000])
def test_a_reader_that_has_had_enough_ends_a_command_without_a_word(characters):
    command = f"from pipeline.errors import ended_plainly\nwith ended_plainly(): print({characters} * 'x')"
    reader = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    reader.wait()
    ended = subprocess.run(
        [sys.executable, "-c", command], cwd=ROOT, stdout=reader.stdin, stderr=subprocess.PIPE, text=True, check=False
    )
    reader.stdin.close()
    assert (ended.returncode, ended.stderr) == (141, "")
