import pytest

from pipeline.cifar import downloads
from pipeline.cifar.downloads import download_archive
from tests.refusals import refusal


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """What arrived of a last, broken chunk is lost, so that tiny files need tiny ones."""
    monkeypatch.setattr(downloads, "CHUNK_BYTES", 100)


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """The seconds slept between attempts, which pass at once."""
    seconds = []
    monkeypatch.setattr("time.sleep", seconds.append)
    return seconds


@pytest.fixture
def target(tmp_path):
    return tmp_path / "downloads/data.tar.gz"


@pytest.fixture
def part(target):
    target.parent.mkdir()
    return target.with_name("data.tar.gz.part")


def refuse(url, target):
    message = refusal(download_archive, url, target)
    assert not target.exists()
    return message


def test_a_file_arrives_whole_and_alone(server, target, waits):
    download_archive(server.url, target)
    assert target.read_bytes() == server.content
    assert list(target.parent.iterdir()) == [target]
    assert server.ranges == [None]
    assert waits == []


def test_a_broken_transfer_goes_on_where_it_broke(server, target, waits):
    server.then("send_range", sent=1000)
    server.then("send_range", sent=500)
    download_archive(server.url, target)
    assert target.read_bytes() == server.content
    assert server.ranges == [None, "bytes=1000-", "bytes=1500-"]
    assert waits == [1, 2]


def test_a_transfer_cut_at_any_byte_goes_on_to_the_right_bytes(server, target, part):
    server.content = server.content[:300]
    for cut in range(301):
        server.then("send_range", sent=cut)
        download_archive(server.url, target)
        assert target.read_bytes() == server.content, cut
        assert list(target.parent.iterdir()) == [target]
        target.unlink()
        part.write_bytes(server.content[:cut])  # as a killed process leaves it
        download_archive(server.url, target)
        assert target.read_bytes() == server.content, cut
        assert server.ranges[-1] == (f"bytes={cut}-" if cut else None)
        assert list(target.parent.iterdir()) == [target]
        target.unlink()


def test_a_part_longer_than_the_file_is_thrown_away(server, target, part):
    part.write_bytes(server.content + b"more")
    server.then("reply", status=416, Content_Range=f"bytes */{len(server.content)}")
    download_archive(server.url, target)
    assert target.read_bytes() == server.content
    assert server.ranges == [f"bytes={len(server.content) + 4}-", None]


def test_a_server_without_ranges_sends_the_file_anew(server, target, part):
    part.write_bytes(b"x" * 4000)
    server.then("reply", body=server.content)
    download_archive(server.url, target)
    assert target.read_bytes() == server.content
    assert server.ranges == ["bytes=4000-"]


def test_another_range_than_asked_for_is_not_appended(server, target, part):
    part.write_bytes(server.content[:4000])
    server.then("reply", status=206, body=server.content[5:], Content_Range="bytes 5-10262/10263")
    download_archive(server.url, target)
    assert target.read_bytes() == server.content


def test_a_transfer_shorter_than_the_server_says_is_repeated(server, target):
    server.then("reply", body=server.content[:99], Content_Length=len(server.content))
    download_archive(server.url, target)
    assert target.read_bytes() == server.content


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip"])
def test_an_archive_labelled_as_an_encoding_stays_compressed(encoding, server, target):
    server.then("reply", body=server.content, Content_Encoding=encoding)
    download_archive(server.url, target)
    assert target.read_bytes() == server.content
    assert server.ranges == [None]


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_passing_failure_is_tried_again_after_a_wait(status, server, target, waits, capsys):
    server.then("reply", times=3, status=status)
    download_archive(server.url, target)
    assert target.read_bytes() == server.content
    assert waits == [1, 2, 4]
    assert f"{server.url}: HTTP status {status}; attempt 4 of 6 in 4 s" in capsys.readouterr().out


def test_it_gives_up_after_six_attempts_with_one_line(server, target, waits):
    server.then("reply", times=7, status=503)
    message = refuse(server.url, target)
    assert message == f"{server.url} requires a complete transfer in 6 attempts. Received: HTTP status 503"
    assert len(server.ranges) == 6
    assert waits == [1, 2, 4, 8, 16]


def test_what_has_arrived_is_kept_for_the_next_run(server, target):
    server.then("send_range", times=6, sent=100)
    assert "requires a complete transfer in 6 attempts. Received: " in refuse(server.url, target)
    assert target.with_name("data.tar.gz.part").read_bytes() == server.content[:600]


def test_a_refusal_is_final(server, target, waits):
    server.then("reply", status=404)
    assert refuse(server.url, target) == f"{server.url} requires HTTP status 200. Received: 404 Not Found"
    assert waits == []


def test_a_silent_server_is_left(server, target, monkeypatch):
    monkeypatch.setattr(downloads, "TIMEOUT_SECONDS", 0.05)
    server.then("stay_silent", times=6, seconds=1)
    assert "in 6 attempts. Received: " in refuse(server.url, target)
    assert len(server.ranges) == 6


@pytest.mark.parametrize(
    "location",
    [
        "/data.tar.gz", "https://", "ftp://example.invalid/data.tar.gz", "file:///etc/passwd", "data:,x", "http://[",
        "http://127.0.0.1:99999/", "http://\xff.invalid/", f"http://{'a' * 64}.invalid/",
    ],
)  # fmt: skip
def test_a_redirect_that_leads_nowhere_is_final(location, server, target, waits):
    server.then("reply", times=40, status=302, Location=location)
    message = refuse(server.url, target)
    assert message.startswith(f"{server.url} requires http or https to where an archive lies. Received: ")
    assert waits == []


def test_a_redirect_to_another_place_is_followed(server, target):
    server.then("reply", status=302, Location="/elsewhere?key=1")
    download_archive(server.url, target)
    assert target.read_bytes() == server.content


@pytest.mark.parametrize("length", ["many", "9" * 5000, "-1"])
def test_a_length_that_is_none_is_not_believed(length, server, target):
    server.then("reply", body=server.content, Content_Length=length)
    download_archive(server.url, target)
    assert target.read_bytes() == server.content


def test_an_endless_archive_is_refused_and_not_kept(server, target, monkeypatch):
    monkeypatch.setattr(downloads, "MAX_ARCHIVE_BYTES", 5000)
    assert refuse(server.url, target) == f"{server.url} requires at most 5000 bytes. Received: more"
    assert list(target.parent.iterdir()) == []
