"""The vector index, which orders texts by how near they are to a question; it runs in the process."""

import math
import re
from collections import Counter
from collections.abc import Mapping

from relay.clients.trouble import Trouble


class VectorError(Exception):
    """The index does not answer."""


class VectorIndex:
    """Compares texts as bags of words; can be told to be slow or to fail."""

    def __init__(self) -> None:
        self.trouble = Trouble()

    def rank(self, question: str, texts: Mapping[int, str]) -> dict[int, float]:
        """Return the texts that share a word with the question and how near each is, between 0 and 1."""
        if self.trouble.endure():
            raise VectorError("the vector index is being rebuilt")
        wanted = embed(question)
        scores = {number: nearness(wanted, embed(text)) for number, text in texts.items()}
        return {number: score for number, score in scores.items() if score > 0}


def embed(text: str) -> Counter[str]:
    """Turn a text into its words and how often each occurs."""
    return Counter(re.findall(r"\w{3,}", text.lower()))


def nearness(left: Counter[str], right: Counter[str]) -> float:
    """Return the cosine of the angle between two bags of words."""
    length = math.sqrt(sum(n * n for n in left.values()) * sum(n * n for n in right.values()))
    return round(sum(n * right[word] for word, n in left.items()) / length, 4) if length else 0.0


vector_index = VectorIndex()


def get_vectors() -> VectorIndex:
    """Return the index; a FastAPI dependency."""
    return vector_index
