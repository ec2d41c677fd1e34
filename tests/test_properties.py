"""Properties of what reads files of others, for many drawn examples, in a process with limits."""

import sys

import pytest

from tests.limited import ROOT, run_limited

PROPERTIES = [ROOT / f"tests/properties/{name}_properties.py" for name in ("archive", "parameter", "record")]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit memory")
def test_properties_hold_within_limits(tmp_path):
    options = ["--quiet", "-p", "no:cacheprovider", "--basetemp", tmp_path / "base"]
    run_limited("pytest", *options, *PROPERTIES, HYPOTHESIS_STORAGE_DIRECTORY=str(tmp_path / "hypothesis"))
