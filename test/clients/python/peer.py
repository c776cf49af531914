"""Python's side of the clients' common tests: does what the lines of its standard input say (see ../peer.ts)."""

from __future__ import annotations

import asyncio
import base64
import datetime
import enum
import json
import math
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from google.adk.agents import LlmAgent
from google.adk.events.event import Event
from google.adk.events.event_actions import EventActions
from google.adk.models.base_llm import BaseLlm
from google.adk.models.llm_request import LlmRequest
from google.adk.models.llm_response import LlmResponse
from google.adk.runners import Runner
from google.adk.sessions.session import Session
from google.adk.tools.tool_context import ToolContext
from google.genai import types

from sessiond.adk import SessiondSessionService
from sessiond.tail import CaughtUp, Events

LANGUAGE = "python"


def native(value: Any) -> Any:
    """Puts what JSON has not in the place of its name."""
    if isinstance(value, dict) and "$" in value:
        match value["$"]:
            case "nan":
                return math.nan
            case "bytes":
                return base64.b64decode(value["base64"])
            case "set":
                return set(value["of"])
            case "time":
                return datetime.datetime.fromisoformat(value["is"])
    return value


def built(text: str) -> Event:
    """The event of a text, which is ADK's own JSON."""
    data = json.loads(text, object_hook=native)
    delta = data["actions"].pop("stateDelta", {})
    event = Event.model_validate(data)
    event.actions.state_delta = delta
    return event


def shown(event: Event) -> str:
    """The text of an event under ADK's own names; pydantic's writer of JSON refuses lone surrogates."""
    return json.dumps(event.model_dump(by_alias=True, exclude_none=True, warnings=False), default=plain)


def plain(value: Any) -> Any:
    """What stands in the JSON for what has no place in it."""
    if isinstance(value, enum.Enum):
        return value.value
    return base64.b64encode(value).decode() if isinstance(value, bytes) else sorted(value)


class ScriptedModel(BaseLlm):
    """Calls the tool, then tells what it said."""

    async def generate_content_async(
        self, llm_request: LlmRequest, stream: bool = False
    ) -> AsyncGenerator[LlmResponse, None]:
        part = types.Part(function_call=types.FunctionCall(name="carry", args={}))
        for last in llm_request.contents[-1].parts or []:
            if last.function_response and last.function_response.response:
                said = last.function_response.response
                part = types.Part(text=f"{LANGUAGE}: leg {said['leg']} after {said['before']}")
        yield LlmResponse(content=types.Content(role="model", parts=[part]))


def carry(tool_context: ToolContext) -> dict[str, Any]:
    """Takes the baton over: state in every scope."""
    state = tool_context.state
    languages = list(state.get("user:languages", []))
    state["leg"] = int(state.get("leg", 0)) + 1
    state["user:languages"] = [*languages, LANGUAGE]
    state["app:legs"] = int(state.get("app:legs", 0)) + 1
    state["temp:seen"] = True
    return {"leg": state["leg"], "before": languages[-1] if languages else "nobody"}


class Peer:
    def __init__(self, target: str) -> None:
        self.sessions = SessiondSessionService(target)
        self.followed: list[dict[str, Any]] = []
        self.moved = asyncio.Condition()
        self.tasks: set[asyncio.Task[Any]] = set()

    async def session(self, key: dict[str, str]) -> Session:
        found = await self.sessions.get_session(**names(key))
        assert found is not None, f"there is no session {key}"
        return found

    async def write(self, request: dict[str, Any]) -> None:
        session = await self.sessions.create_session(**names(request["key"]), state={})
        for text in request["events"]:
            await self.sessions.append_event(session, built(text))

    async def read(self, request: dict[str, Any]) -> dict[str, Any]:
        session = await self.session(request["key"])
        events = [shown(event) for event in session.events]
        return {"state": json.dumps(session.state), "events": events, "time": session.last_update_time}

    async def unequal(self, request: dict[str, Any]) -> list[str]:
        session = await self.session(request["key"])
        pairs = zip(session.events, map(built, request["events"]), strict=True)
        return [read.id for read, written in pairs if read != written]

    async def declared(self, _: dict[str, Any]) -> dict[str, list[str]]:
        models = {"event": Event, "actions": EventActions, "part": types.Part}
        return {
            name: [field.alias or key for key, field in model.model_fields.items()] for name, model in models.items()
        }

    async def turn(self, request: dict[str, Any]) -> str:
        key = names(request["key"])
        agent = LlmAgent(name=f"{LANGUAGE}_agent", model=ScriptedModel(model="scripted"), tools=[carry])
        runner = Runner(app_name=key["app_name"], agent=agent, session_service=self.sessions)
        message = types.Content(role="user", parts=[types.Part(text=request["text"])])
        answer = ""
        async for event in runner.run_async(user_id=key["user_id"], session_id=key["session_id"], new_message=message):
            if event.is_final_response() and event.content and event.content.parts:
                answer = event.content.parts[0].text or ""
        return answer

    async def follow(self, request: dict[str, Any]) -> None:
        live: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.start(self.tail(names(request["key"]), live))
        await live

    async def tail(self, key: dict[str, str], live: asyncio.Future[None]) -> None:
        async with aclosing(self.sessions.tail(**key)) as updates:
            async for update in updates:
                match update:
                    case CaughtUp() if not live.done():
                        live.set_result(None)
                    case Events(events=events):
                        async with self.moved:
                            self.followed += [{"seq": int(e.seq), "id": e.id, "author": e.author} for e in events]
                            self.moved.notify_all()

    async def seen(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        async with self.moved:
            await self.moved.wait_for(lambda: len(self.followed) >= request["count"])
            return self.followed

    def start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def answer(self, line: bytes) -> None:
        request = json.loads(line)
        reply: dict[str, Any] = {"id": request["id"]}
        try:
            reply["result"] = await getattr(self, request["do"])(request)
        except Exception as error:
            reply["error"] = f"{type(error).__name__}: {error}"
        print(json.dumps(reply), flush=True)


def names(key: dict[str, str]) -> dict[str, str]:
    return {"app_name": key["app"], "user_id": key["user"], "session_id": key["session"]}


async def main() -> None:
    peer = Peer(sys.argv[1])
    lines = asyncio.StreamReader(limit=1 << 26)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    print(json.dumps({"id": 0, "result": None}), flush=True)
    while line := await lines.readline():
        peer.start(peer.answer(line))
    await peer.sessions.close()


asyncio.run(main())
