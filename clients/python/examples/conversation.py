"""Leads a conversation that sessiond keeps, and reads it back as another process would.

Start the server with `npm start`, then: python conversation.py [host:port]
Run it twice: the second run goes on with the first one's state.
"""

from __future__ import annotations

import asyncio
import sys

from agents.weather.agent import root_agent
from google.adk.runners import Runner
from google.genai import types

from sessiond.adk import SessiondSessionService

APP, USER = "weather", "ann"


async def main(target: str) -> None:
    async with SessiondSessionService(target) as sessions:
        runner = Runner(app_name=APP, agent=root_agent, session_service=sessions)
        session = await sessions.create_session(app_name=APP, user_id=USER, state={"questions": 0})
        print(f"session {session.id}; the last city was {session.state.get('user:last_city', 'none')}")
        for question in ("How is the weather in Paris?", "And in Tokyo?"):
            message = types.Content(role="user", parts=[types.Part(text=question)])
            async for event in runner.run_async(user_id=USER, session_id=session.id, new_message=message):
                if event.is_final_response() and event.content and event.content.parts:
                    print(f"{question} {event.content.parts[0].text}")

    # A service of its own: nothing of what follows comes out of this process's memory.
    async with SessiondSessionService(target) as sessions:
        stored = await sessions.get_session(app_name=APP, user_id=USER, session_id=session.id)
        assert stored is not None
        print(f"{len(stored.events)} events are stored; the state is {stored.state}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "localhost:50051"))
