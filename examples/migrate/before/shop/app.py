"""The web application."""

from __future__ import annotations

from fastapi import FastAPI


app = FastAPI(title="shop")


@app.get("/health")
def health() -> dict[str, str]:
    """Say that the service is there."""
    return {"status": "ok"}
