import io
import sys

import pytest
from httpx import ConnectError

import flows.progress
from flows.progress import TrainingProgress, parse_progress
from pipeline.training.progress import Progress


@pytest.fixture
def lines(monkeypatch):
    """What a training of two epochs prints where there is no terminal, with a line after every step."""
    output = io.StringIO()
    monkeypatch.setattr(sys, "stderr", output)
    with Progress("attention-56", 2, 0, 200) as progress:
        progress.bar.mininterval = 0
        for epoch in range(2):
            for _ in range(4):
                progress.advance(epoch, 50)
            progress.report(
                {"epoch": epoch + 1, "train_error_percent": 50, "validation_error_percent": None, "train_loss": 1.0}
            )
    return [line.strip() for line in output.getvalue().replace("\r", "\n").split("\n") if line.strip()]


def test_the_trainings_lines_of_progress_are_understood(lines):
    understood = [parse_progress(line) for line in lines]
    assert [progress[0] for progress in understood if progress][-1] == 100
    middle = next(text for percent, text in filter(None, understood) if percent == 50)
    assert middle.startswith("attention-56: epoch 1/2, ")
    assert " images/s, " in middle
    assert middle.endswith(" left")
    assert [line for line, progress in zip(lines, understood, strict=True) if not progress] == [
        f"epoch {epoch}/2: train error 50.00 %, train loss 1.0000" for epoch in (1, 2)
    ]


def test_a_server_that_does_not_answer_is_left_alone_for_a_while(lines, monkeypatch):
    tried = []

    def fail(**_):
        tried.append(1)
        raise ConnectError("away")

    monkeypatch.setattr(flows.progress, "create_progress_artifact", fail)
    progress = TrainingProgress()
    for line in lines:
        progress.follow(line)
    assert len(tried) == 1
    progress.next_try = 0
    progress.follow(lines[0])
    assert len(tried) == 2


def test_an_artifact_follows_and_the_log_has_one_line_for_each_percent(lines, monkeypatch):
    calls = []
    monkeypatch.setattr(flows.progress, "create_progress_artifact", lambda **given: calls.append(given) or "id")
    monkeypatch.setattr(flows.progress, "update_progress_artifact", lambda _, **given: calls.append(given))
    progress = TrainingProgress()
    logged = [line for line in lines if progress.follow(line)]
    assert [call["progress"] for call in calls] == [found[0] for line in lines if (found := parse_progress(line))]
    percents = [found[0] for line in logged if (found := parse_progress(line))]
    assert len(percents) == len(set(percents))
    assert [line for line in logged if not parse_progress(line)] == [line for line in lines if not parse_progress(line)]
