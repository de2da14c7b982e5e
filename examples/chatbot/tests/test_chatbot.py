# ruff: noqa: S101 - tests assert
from __future__ import annotations

import pytest
from chatbot.app import Question, chat, health
from pydantic import ValidationError


def test_the_service_says_what_it_runs_on() -> None:
    answer = health()

    assert answer["status"] == "ok"
    assert answer["engine"].startswith(("torch", "onnxruntime"))


@pytest.mark.parametrize(
    ("message", "part"),
    [
        ("hello who are you", "small chatbot"),
        ("When do you open?", "Monday"),
        ("how long will the delivery take", "working days"),
        ("returning something", "30 days"),
    ],
)
def test_a_question_gets_its_answer(message: str, part: str) -> None:
    assert part in chat(Question(message=message)).reply


def test_what_is_unknown_is_said_to_be_unknown() -> None:
    assert "do not know" in chat(Question(message="xyzzy")).reply


def test_an_empty_message_is_refused() -> None:
    with pytest.raises(ValidationError):
        Question(message="")
