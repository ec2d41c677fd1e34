"""How commands end."""

import os
import subprocess
import sys

import pytest

from tests.tiny_repository import ROOT


@pytest.mark.parametrize("characters", [1, 1_000_000])
def test_a_reader_that_has_had_enough_ends_a_command_without_a_word(characters):
    command = f"from pipeline.errors import ended_plainly\nwith ended_plainly(): print({characters} * 'x')"
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [sys.executable, "-c", command], cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, "")
