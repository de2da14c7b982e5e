"""A chatbot that answers from a small list, with whatever accelerator the machine has."""

from __future__ import annotations
