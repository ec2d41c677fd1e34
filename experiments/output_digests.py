"""Digests of a run's outputs: of files and folders, and which of them are promised."""

import hashlib
import json
from pathlib import Path

# Seconds, the machine, and the page that shows them; all other outputs are promised to the byte.
NOT_PROMISED = ("timing/", "machine/", "reports")


def is_promised(name: str) -> bool:
    """Whether an output's bytes are promised."""
    return not name.startswith(NOT_PROMISED)


def list_files(path: Path) -> list[Path]:
    """The files in a folder, relative to it; for a file, the empty path alone."""
    if not path.is_dir():
        return [Path()]
    return sorted(file.relative_to(path) for file in path.rglob("*") if file.is_file())


def hash_output(path: Path) -> str:
    """The digest that DVC gives a file, its md5, or a folder: the md5 of its list of files, and `.dir`.

    A place where nothing is has the digest "none".
    """
    if path.is_dir():
        return hash_listing({file.as_posix(): hash_output(path / file) for file in list_files(path)})
    return hash_bytes(path.read_bytes()) if path.exists() else "none"


def hash_listing(digests: dict[str, str]) -> str:
    """The digest that DVC gives a folder, from those of its files by path in it."""
    entries = [{"md5": digest, "relpath": path} for path, digest in sorted(digests.items())]
    return f"{hash_bytes(json.dumps(entries).encode())}.dir"


def hash_bytes(content: bytes) -> str:
    """The digest that DVC gives a file's content."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
