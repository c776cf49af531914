"""State in its scopes."""

from __future__ import annotations

from typing import Any

import pytest
from google.adk.events.event import Event
from google.adk.events.event_actions import EventActions
from google.adk.sessions.session import Session

from sessiond.adk import SessiondSessionService


def change(**delta: Any) -> Event:
    return Event(
        author="u", actions=EventActions(state_delta={key.replace("__", ":"): value for key, value in delta.items()})
    )


async def read(service: SessiondSessionService, session: Session) -> Session:
    found = await service.get_session(app_name=session.app_name, user_id=session.user_id, session_id=session.id)
    assert found is not None
    return found


async def test_the_scopes_of_state_at_create(service: SessiondSessionService, app: str) -> None:
    state = {"own": 1, "user:name": "Ann", "app:colour": "red", "temp:x": "never"}
    session = await service.create_session(app_name=app, user_id="u1", state=state)
    assert session.state == {"own": 1, "user:name": "Ann", "app:colour": "red"}
    assert (await service.create_session(app_name=app, user_id="u1")).state == {"user:name": "Ann", "app:colour": "red"}
    assert (await service.create_session(app_name=app, user_id="u2")).state == {"app:colour": "red"}
    assert (await service.create_session(app_name=f"{app}-2", user_id="u1")).state == {}
    assert await service.get_user_state(app_name=app, user_id="u1") == {"name": "Ann"}
    assert await service.get_user_state(app_name=app, user_id="u2") == {}
    assert state["temp:x"] == "never"


async def test_the_scopes_of_a_delta(service: SessiondSessionService, app: str) -> None:
    session = await service.create_session(app_name=app, user_id="u1", state={"own": 1})
    other = await service.create_session(app_name=app, user_id="u1")
    event = change(own=2, user__name="Ann", app__colour="red", temp__x="now")
    assert await service.append_event(session, event) is event
    # Temporary state is seen by the rest of the invocation, and stored nowhere.
    assert session.state == {"own": 2, "user:name": "Ann", "app:colour": "red", "temp:x": "now"}
    assert event.actions.state_delta == {"own": 2, "user:name": "Ann", "app:colour": "red"}
    found = await read(service, session)
    assert found.state == {"own": 2, "user:name": "Ann", "app:colour": "red"}
    assert found.events == [event]
    assert (await read(service, other)).state == {"user:name": "Ann", "app:colour": "red"}
    # Shared state that came from elsewhere is no change of the other session.
    await service.append_event(other, change(k=1))


async def test_a_state_that_does_not_fit_a_frame(service: SessiondSessionService, app: str) -> None:
    state = {f"k{number}": str(number) * 200_000 for number in range(6)}
    session = await service.create_session(app_name=app, user_id="u", state=state)
    assert (await read(service, session)).state == state


async def test_a_delta_of_temporary_state_alone(service: SessiondSessionService, app: str) -> None:
    session = await service.create_session(app_name=app, user_id="u")
    await service.append_event(session, change(temp__a=1))
    assert session.state == {"temp:a": 1}
    found = await read(service, session)
    assert (found.state, found.events[0].actions.state_delta) == ({}, {})


async def test_values_replace_each_other_whole(service: SessiondSessionService, app: str) -> None:
    session = await service.create_session(
        app_name=app, user_id="u", state={"d": {"a": 1, "b": 2}, "l": [1, 2], "k": 0}
    )
    await service.append_event(session, change(d={"a": 9}, l=[3], k=None))
    assert (await read(service, session)).state == {"d": {"a": 9}, "l": [3], "k": None}


VALUES: list[Any] = [
    None, True, 0, 1, 1.0, -0.0, 0.1, 2**63, -(2**80), 1e308, 5e-324, "", "\0", "ü😀", "a\ud800b",
    [], {}, [[], {}, [None]], {"z": 1, "a": {"snake_key": 1, "camelKey": 2}},
    "true", "2026-01-01T00:00:00Z", "x" * 70_000,
]  # fmt: skip


async def test_values_come_back_exactly(service: SessiondSessionService, app: str) -> None:
    values = {f"k{number}": value for number, value in enumerate(VALUES)}
    everywhere = {f"{scope}{key}": value for scope in ("", "user:", "app:") for key, value in values.items()}
    created = await service.create_session(app_name=app, user_id="u1", state=everywhere)
    other = await service.create_session(app_name=app, user_id="u2")
    await service.append_event(other, Event(author="u", actions=EventActions(state_delta=dict(everywhere))))
    for session in (created, await read(service, created), await read(service, other)):
        assert {key: repr(value) for key, value in session.state.items()} == {
            key: repr(value) for key, value in everywhere.items()
        }
    assert (await read(service, other)).events[0].actions.state_delta == everywhere
    assert await service.get_user_state(app_name=app, user_id="u2") == values


@pytest.mark.parametrize(
    "key", ["", "user:", "app:", "a b", "a.b", "ключ", "user:user:x", "User:x", "$ref", "k" * 400, "a:b"]
)
async def test_keys_come_back_exactly(service: SessiondSessionService, app: str, key: str) -> None:
    session = await service.create_session(app_name=app, user_id="u", state={key: 1})
    assert session.state == {key: 1}
    await service.append_event(session, Event(author="u", actions=EventActions(state_delta={key: 2})))
    assert (await read(service, session)).state == {key: 2}


async def test_what_json_cannot_carry_is_stored_as_text(service: SessiondSessionService, app: str) -> None:
    session = await service.create_session(
        app_name=app, user_id="u", state={"f": print, "s": {2, 1}, "n": float("nan")}
    )
    assert session.state == {"f": repr(print), "s": [1, 2], "n": None}
    await service.append_event(session, change(f=len, b=b"text"))
    # The caller's object keeps what it was given, as with ADK's own services.
    assert session.state["f"] is len
    assert (await read(service, session)).state == {"f": repr(len), "s": [1, 2], "n": None, "b": "text"}


async def test_what_is_returned_belongs_to_the_caller(service: SessiondSessionService, app: str) -> None:
    state = {"d": {"a": [1]}}
    created = await service.create_session(app_name=app, user_id="u", state=state)
    state["d"]["a"].append(2)
    created.state["d"]["a"].append(3)
    (await read(service, created)).state["d"]["a"].append(4)
    (await service.get_user_state(app_name=app, user_id="u"))["x"] = 1
    (await service.list_sessions(app_name=app)).sessions[0].state.clear()
    assert (await read(service, created)).state == {"d": {"a": [1]}}
    assert await service.get_user_state(app_name=app, user_id="u") == {}
