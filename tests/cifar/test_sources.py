import pytest

from pipeline.cifar.sources import locate_archive
from pipeline.errors import InputError
from tests.refusals import refusal

URL = "https://example.invalid/a/data.tar.gz"


@pytest.mark.parametrize("mirror", [None, ""])
def test_without_a_mirror_the_address_is_used(mirror):
    assert locate_archive(URL, mirror) == URL


@pytest.mark.parametrize("mirror", ["http://127.0.0.1:80/b", "http://127.0.0.1:80/b/"])
def test_a_mirror_has_a_file_of_the_same_name(mirror):
    assert locate_archive(URL, mirror) == "http://127.0.0.1:80/b/data.tar.gz"


def test_queries_stay_where_they_are():
    assert locate_archive(f"{URL}?download=1", None) == f"{URL}?download=1"
    assert locate_archive(f"{URL}?download=1", "http://127.0.0.1/b/?key=2") == "http://127.0.0.1/b/data.tar.gz?key=2"
    assert locate_archive("https://example.invalid/50%25%3F.gz", "http://127.0.0.1") == "http://127.0.0.1/50%25%3F.gz"


@pytest.mark.parametrize("name", ["data.tar.gz", "my data ä%.tar.gz", "what?.tar.gz"])
def test_a_folder_can_be_a_mirror_or_an_address(name, tmp_path, monkeypatch):
    file = tmp_path / "folder of mine" / name
    file.parent.mkdir()
    file.touch()
    monkeypatch.chdir(tmp_path)
    for mirror in (str(file.parent), "folder of mine", "folder of mine/", file.parent.as_uri(), None):
        assert locate_archive(file.as_uri(), mirror).samefile(file)


def test_a_file_that_is_not_there_is_named(tmp_path):
    message = refusal(locate_archive, URL, str(tmp_path))
    assert message == f"the data set requires the file {tmp_path}/data.tar.gz. Received: no such file"


def test_a_file_of_another_machine_is_refused(tmp_path):
    (tmp_path / "data.tar.gz").touch()
    assert locate_archive(f"file://localhost{tmp_path}/data.tar.gz", None) == tmp_path / "data.tar.gz"
    with pytest.raises(InputError, match=r"requires none but this machine\. Received: file://example\.invalid/"):
        locate_archive(f"file://example.invalid{tmp_path}/data.tar.gz", None)


@pytest.mark.parametrize(
    ("url", "mirror"),
    [
        ("ftp://example.invalid/data.tar.gz", None),
        (URL, "s3://bucket"),
        ("https://[broken/data.tar.gz", None),
        (URL, "http://[broken"),
        ("file:///two%0Alines", None),
        ("https://example.invalid/\x1b[2J", None),
    ],
)
def test_other_addresses_are_refused(url, mirror):
    with pytest.raises(InputError, match=r"requires https, http or file.*\. Received: "):
        locate_archive(url, mirror)
