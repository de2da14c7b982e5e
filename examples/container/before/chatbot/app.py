"""The web service: ``uvicorn chatbot.app:app``."""

from __future__ import annotations

import torch
from fastapi import FastAPI
from pydantic import BaseModel


KNOWN = {"open": "We are open from 9 to 18.", "deliver": "We deliver within two days."}

app = FastAPI(title="chatbot")


class Question(BaseModel):
    """What a visitor asks."""

    message: str


class Reply(BaseModel):
    """What the service answers."""

    reply: str


@app.get("/health")
def health() -> dict[str, str]:
    """Return the build of torch that the image holds."""
    return {"status": "ok", "torch": torch.__version__}


@app.post("/chat")
def chat(question: Question) -> Reply:
    """Answer the known word that has the highest score."""
    words = question.message.lower()
    scores = torch.tensor([[float(words.count(word)) for word in KNOWN]], device="cpu").tolist()[0]
    best = max(range(len(scores)), key=scores.__getitem__)
    return Reply(reply=list(KNOWN.values())[best] if scores[best] else "I do not know that.")
