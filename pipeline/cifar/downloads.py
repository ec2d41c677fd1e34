"""Fetch an archive from where it lies: its official address, a mirror's, or a folder."""

import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

import requests
import urllib3
from tqdm import tqdm

from pipeline.errors import InputError, PassingError

CHUNK_BYTES = 1 << 18
TIMEOUT_SECONDS = 30
ATTEMPTS = 6
BACK_OFF_SECONDS = 1.0  # doubled after each attempt
PASSING_STATUSES = {408, 425, 429, 500, 502, 503, 504}
FINAL_ERRORS = (requests.TooManyRedirects, requests.exceptions.InvalidURL, urllib3.exceptions.LocationValueError)


def locate_archive(url: str, mirror: str | None) -> str | Path:
    """Where to take the archive at `url` from: a path, or an http or https address.

    Args:
        url: the official address: https, http or file.
        mirror: a folder or a base address that holds a file of the same name, or None.

    Raises:
        InputError: the folder lacks the file, or the address has another scheme.
    """
    source = url
    try:
        name = Path(unquote(urlsplit(url).path)).name
        if mirror:
            source = f"{mirror.rstrip('/')}/{name}" if "://" in mirror else Path(mirror, name).absolute().as_uri()
        parts = urlsplit(source)
    except ValueError as error:
        raise InputError(
            f"the address of the data set requires https, http or file. Received: {source}, {error}"
        ) from error
    if parts.scheme == "file":
        path = Path(unquote(parts.path))
        if not path.is_file():
            raise InputError(f"the data set requires the file {path}. Received: no such file")
        return path
    if parts.scheme not in ("https", "http"):
        raise InputError(f"the address of the data set requires https, http or file. Received: {source}")
    return source


def download_archive(url: str, target: Path) -> None:
    """Download to `target`, going on from an earlier attempt's `<target>.part`, with retries and progress.

    Raises:
        InputError: the server refuses.
        PassingError: the transfer breaks on every attempt; what has arrived is kept.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _transfer(url, part)
        except (requests.RequestException, urllib3.exceptions.HTTPError, PassingError) as error:
            if attempt == ATTEMPTS or isinstance(error, FINAL_ERRORS):
                kind = InputError if isinstance(error, FINAL_ERRORS) else PassingError
                raise kind(
                    f"{url} requires a complete transfer in {ATTEMPTS} attempts. Received: {_reason(error)}"
                ) from error
            wait = BACK_OFF_SECONDS * 2 ** (attempt - 1)
            tqdm.write(f"{url}: {_reason(error)}; attempt {attempt + 1} of {ATTEMPTS} in {wait:.0f} s")
            time.sleep(wait)
        else:
            part.replace(target)
            return


def _transfer(url: str, part: Path) -> None:
    """Append to `part` what it still lacks."""
    start = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={start}-"} if start else {}
    # Encodings would make lengths and ranges mean something else than the file's bytes.
    headers["Accept-Encoding"] = "identity"
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_SECONDS) as response:
        if response.status_code == 416 and response.headers.get("Content-Range") == f"bytes */{start}":
            return
        if response.status_code in PASSING_STATUSES:
            raise PassingError(f"HTTP status {response.status_code}")
        if response.status_code == 416:
            part.unlink()
            raise PassingError("a range that the server does not have; starting over")
        if response.status_code not in (200, 206):
            raise InputError(f"{url} requires HTTP status 200. Received: {response.status_code} {response.reason}")
        if response.status_code == 206 and not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            raise PassingError(f"another range than asked for: {response.headers.get('Content-Range')}")
        start = start if response.status_code == 206 else 0
        length = response.headers.get("Content-Length")
        total = start + int(length) if length else None
        with (
            part.open("ab" if start else "wb") as file,
            tqdm(total=total, initial=start, unit="B", unit_scale=True, desc=part.stem) as progress,
        ):
            # The bytes as sent: a server that calls a .gz file an encoding does not get it decoded.
            for chunk in response.raw.stream(CHUNK_BYTES, decode_content=False):
                file.write(chunk)
                progress.update(len(chunk))
    size = part.stat().st_size
    if total is not None and size != total:
        raise PassingError(f"{size} of {total} bytes")


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
