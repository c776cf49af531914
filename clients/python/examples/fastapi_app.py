"""A web application with an agent in it. One session service for all requests, closed with the application.

SESSIONS_TARGET=localhost:50051 uvicorn fastapi_app:app
curl -X POST localhost:8000/chat/ann/first -H 'content-type: application/json' -d '{"text": "The weather in Paris?"}'
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from agents.weather.agent import root_agent
from fastapi import FastAPI, HTTPException, Request
from google.adk.runners import Runner
from google.genai import types
from pydantic import BaseModel

from sessiond.adk import SessionAlreadyExistsError, SessiondSessionService, StaleSessionError, UnavailableError

APP = "weather"


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with SessiondSessionService(os.environ.get("SESSIONS_TARGET", "localhost:50051")) as sessions:
        app.state.runner = Runner(app_name=APP, agent=root_agent, session_service=sessions)
        yield


app = FastAPI(lifespan=lifespan)


class Question(BaseModel):
    text: str


@app.post("/chat/{user}/{session_id}")
async def chat(user: str, session_id: str, question: Question, request: Request) -> dict[str, str]:
    runner: Runner = request.app.state.runner
    with suppress(SessionAlreadyExistsError):  # then the conversation goes on
        await runner.session_service.create_session(app_name=APP, user_id=user, session_id=session_id)
    message = types.Content(role="user", parts=[types.Part(text=question.text)])
    answer = ""
    try:
        async for event in runner.run_async(user_id=user, session_id=session_id, new_message=message):
            if event.is_final_response() and event.content and event.content.parts:
                answer = event.content.parts[0].text or ""
    except StaleSessionError as error:
        # Another request of the same conversation was faster. The client may ask again.
        raise HTTPException(409, str(error)) from error
    except UnavailableError as error:
        raise HTTPException(503, "The sessions are out of reach.") from error
    return {"answer": answer}
