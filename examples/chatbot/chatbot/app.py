"""The web service: ``uvicorn chatbot.app:app``."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI
from pydantic import BaseModel, StringConstraints

from chatbot.engine import make_engine
from chatbot.knowledge import ANSWERS, vector


QUESTIONS = tuple(ANSWERS)
UNSURE = 0.3
"""Below this similarity the chatbot says that it does not know."""

app = FastAPI(title="chatbot")
engine = make_engine([vector(question) for question in QUESTIONS])


class Question(BaseModel):
    message: Annotated[str, StringConstraints(min_length=1, max_length=500)]


class Reply(BaseModel):
    reply: str
    similarity: float


@app.get("/health")
def health() -> dict[str, str]:
    """Say that the service runs, and on what."""
    return {"status": "ok", "engine": engine.name, "device": engine.device}


@app.post("/chat")
def chat(question: Question) -> Reply:
    """Answer with what is known about the most similar question."""
    scores = engine.similarities(vector(question.message))
    best = max(range(len(scores)), key=scores.__getitem__)
    if scores[best] < UNSURE:
        return Reply(
            reply="I do not know that. Ask me about opening hours or delivery.", similarity=scores[best]
        )
    return Reply(reply=ANSWERS[QUESTIONS[best]], similarity=scores[best])
