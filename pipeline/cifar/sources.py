"""Where an archive lies: at its official address, a mirror's, or in a folder."""

from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from pipeline.errors import InputError


def locate_archive(url: str, mirror: str | None) -> str | Path:
    """Where to take the archive at `url` from: a path, or an http or https address.

    Args:
        url: the official address: https, http or file.
        mirror: a folder or a base address that holds a file of the same name, or None.

    Raises:
        InputError: the folder lacks the file, or the address is of another kind or machine.
    """
    source = url
    try:
        name = Path(unquote(urlsplit(url).path)).name
        if mirror and "://" in mirror:
            source = mirror
            base = urlsplit(mirror)
            source = base._replace(path=f"{base.path.rstrip('/')}/{quote(name)}").geturl()
        elif mirror:
            source = Path(mirror, name).absolute().as_uri()
        parts = urlsplit(source)
    except ValueError as error:
        raise InputError(
            f"the address of the data set requires https, http or file. Received: {source!a}, {error}"
        ) from error
    if parts.scheme not in ("https", "http", "file") or not unquote(source).isprintable():
        raise InputError(f"the address of the data set requires https, http or file. Received: {source!a}")
    if parts.scheme != "file":
        return source
    if parts.netloc not in ("", "localhost"):
        raise InputError(f"the address of a file requires none but this machine. Received: {source}")
    path = Path(unquote(parts.path))
    if not path.is_file():
        raise InputError(f"the data set requires the file {path}. Received: no such file")
    return path
