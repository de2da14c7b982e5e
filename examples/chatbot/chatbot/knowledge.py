"""What the chatbot knows, and how a text becomes a vector. Standard library only."""

from __future__ import annotations

import math
import re
import zlib


DIMENSIONS = 256

ANSWERS = {
    "Hello, who are you?": "I am a small chatbot. Ask me about opening hours, delivery, returns or support.",
    "When are you open?": "We are open from Monday to Friday, 9 to 17 o'clock.",
    "How long does delivery take?": "Two to three working days.",
    "What does delivery cost?": "Delivery costs 4.90; it is free from 50 on.",
    "How can I return something?": "Send it back within 30 days; the label is in the parcel.",
    "How do I reach a person?": "Write to support, a person answers within one working day.",
}


def vector(text: str) -> list[float]:
    """Return a text as a unit vector: its words' trigrams, hashed into ``DIMENSIONS`` counts."""
    counts = [0.0] * DIMENSIONS
    for word in re.findall(r"\w+", text.lower()):
        padded = f"  {word} "
        for start in range(len(padded) - 2):
            counts[zlib.crc32(padded[start : start + 3].encode()) % DIMENSIONS] += 1.0
    length = math.hypot(*counts)
    return [count / length for count in counts] if length else counts
