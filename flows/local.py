"""Run the flow `tables` here, on a Prefect server of its own that ends with it: `python -m flows.local demo`."""

import argparse
import os
import sys
from pathlib import Path

from flows.repository import PROJECT

HOME = PROJECT / ".prefect"


def isolate_prefect(home: Path) -> None:
    """Give Prefect a home of its own, and hide from it what the user's environment and profile say.

    To be called before Prefect is imported. Nothing is written to the user's profile, and no server that it names,
    Prefect Cloud included, hears of the run.
    """
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        del os.environ[name]
    home.mkdir(exist_ok=True)
    os.environ |= {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "INFO",
        "DO_NOT_TRACK": "1",
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", nargs="?", default="demo", help="a file of recipes/, without its ending")
    recipe = parser.parse_args().recipe
    isolate_prefect(HOME)
    from flows.messages import PLAIN_ERRORS
    from flows.tables import tables

    try:
        arl, nal, path = tables(recipe)
    except PLAIN_ERRORS as error:
        sys.exit(f"error: {error}")
    print(Path(path).read_text())
    print(f"This page, with pictures: {Path(path).relative_to(PROJECT)}")
    print(f"Its errors, from DVC:     dvc metrics diff {arl} {nal}")


if __name__ == "__main__":
    main()
