import time
from concurrent.futures import ThreadPoolExecutor

from experiments.written_folder import written_folder


def test_those_who_write_the_same_folder_at_the_same_time_take_turns(tmp_path):
    folder = tmp_path / "pages/mine"

    def write(word):
        with written_folder(folder) as aside:
            for name in ("page.md", "page.json"):
                (aside / name).write_text(word)
                time.sleep(0.02)

    with ThreadPoolExecutor() as pool:
        list(pool.map(write, "abcd"))
    first, second = (path.read_text() for path in folder.iterdir())
    assert first == second
    assert list(folder.parent.iterdir()) == [folder]
