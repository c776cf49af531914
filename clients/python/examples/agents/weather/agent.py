"""An agent that answers without a network: its model follows a script.

The conversation that it leads is real: a tool call, its result, an answer, and state in every scope.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

from google.adk.agents import LlmAgent
from google.adk.models.base_llm import BaseLlm
from google.adk.models.llm_request import LlmRequest
from google.adk.models.llm_response import LlmResponse
from google.adk.tools.tool_context import ToolContext
from google.genai import types


class ScriptedModel(BaseLlm):
    """Asks for the weather of the city that the user's last word names, then tells it."""

    model: str = "scripted"

    async def generate_content_async(
        self, llm_request: LlmRequest, stream: bool = False
    ) -> AsyncGenerator[LlmResponse, None]:
        parts = llm_request.contents[-1].parts or []
        answer = next((part.function_response.response for part in parts if part.function_response), None)
        if answer is not None:
            reply = types.Part(text=f"It is {answer['weather']} in {answer['city']}.")
        else:
            words = "".join(part.text or "" for part in parts).split()
            city = words[-1].strip("?!.") if words else "nowhere"
            reply = types.Part(function_call=types.FunctionCall(name="get_weather", args={"city": city}))
        yield LlmResponse(content=types.Content(role="model", parts=[reply]))


def get_weather(city: str, tool_context: ToolContext) -> dict[str, str]:
    """Tells the weather in a city."""
    state = tool_context.state
    state["questions"] = state.get("questions", 0) + 1
    state["user:last_city"] = city
    state["app:last_city"] = city
    state["temp:source"] = "the window"
    return {"city": city, "weather": "sunny"}


root_agent = LlmAgent(name="weather", model=ScriptedModel(), instruction="Tell the weather.", tools=[get_weather])
