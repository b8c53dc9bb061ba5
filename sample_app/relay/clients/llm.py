"""The language model: over HTTP, or a word counter in the process when Relay runs offline."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from http.client import HTTPException
from typing import Protocol
from urllib.request import Request, urlopen

from relay.clients.trouble import Trouble
from relay.settings import settings


class LlmError(Exception):
    """The model gave no answer."""


@dataclass(frozen=True)
class Completion:
    """An answer of the model and what it took, in tokens."""

    text: str
    tokens: int


class LlmClient(Protocol):
    """What the services need of a language model."""

    def complete(self, prompt: str, material: str) -> Completion:
        """Answer a prompt about some material; raise `LlmError` when that fails."""


class HttpLlm:
    """Asks the server of the settings."""

    def complete(self, prompt: str, material: str) -> Completion:
        """Post the prompt and wait up to a minute for the answer."""
        body = json.dumps({"prompt": prompt, "material": material}).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {settings.llm_key}"}
        try:
            with urlopen(Request(settings.llm_url, body, headers), timeout=60) as answer:
                return Completion(**json.load(answer))
        except (OSError, HTTPException, ValueError, TypeError) as error:
            raise LlmError(str(error)) from error


class OfflineLlm:
    """Answers every prompt with the three longer words that the material uses most."""

    def __init__(self) -> None:
        self.trouble = Trouble()

    def complete(self, prompt: str, material: str) -> Completion:
        """Count words after the set latency; the same material has the same answer."""
        if self.trouble.endure():
            raise LlmError("the language model is overloaded")
        words = Counter(re.findall(r"[^\W\d_]{5,}", material.lower()))
        common = sorted(words, key=lambda word: (-words[word], word))[:3]
        text = f"{prompt} {len(material.splitlines())} lines, mostly about {', '.join(common) or 'nothing'}."
        return Completion(text, tokens=len(material.split()))


offline_llm = OfflineLlm()


def get_llm() -> LlmClient:
    """Return the language model that the settings ask for."""
    return offline_llm if settings.offline else HttpLlm()
