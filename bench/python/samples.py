"""Events and states of the size that conversations have."""

from __future__ import annotations

from typing import Any

from google.adk.events.event import Event
from google.adk.events.event_actions import EventActions
from google.genai import types

#: The state of every session, of 10 keys.
STATE: dict[str, Any] = {f"key_{number}": {"step": number, "note": "as the agent left it"} for number in range(10)}

_TEXT = (
    "The forecast for the coming days: mild, with rain in the evening and a light wind from the west. "
    "Take a coat if you go out after six. "
) * 5


def event(author: str = "agent", state_delta: dict[str, Any] | None = None) -> Event:
    """An event of about 1 KiB as JSON: a text, the model's name and its count of tokens."""
    return Event(
        author=author,
        invocation_id="e-7f1f2f0e-2a57-4a8e-8f8c-8a6b4a9d9f10",
        content=types.Content(role="user" if author == "user" else "model", parts=[types.Part(text=_TEXT)]),
        actions=EventActions(state_delta=state_delta or {}),
        turn_complete=True,
        model_version="some-model-2.5-large",
        usage_metadata=types.GenerateContentResponseUsageMetadata(
            prompt_token_count=512, candidates_token_count=128, total_token_count=640
        ),
    )
