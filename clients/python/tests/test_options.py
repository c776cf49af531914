from __future__ import annotations

import dataclasses
import json
import pickle
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

import sessiond.adk
from sessiond._transport import SERVICE_CONFIG
from sessiond.adk import Options, SessiondSessionService
from sessiond.adk.options import OptionArguments, parse

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("localhost:50051", "localhost:50051"),
        ("dns:///sessiond:50051", "dns:///sessiond:50051"),
        ("unix:/run/sessiond.sock", "unix:/run/sessiond.sock"),
        ("sessiond://db.example:9000", "db.example:9000"),
        ("sessiond://db.example:9000/", "db.example:9000"),
        ("sessiond://db.example", "db.example:50051"),
        ("sessiond://[::1]:9000", "[::1]:9000"),
    ],
)
def test_targets(target: str, expected: str) -> None:
    assert parse(target, {}).target == expected


def test_options_of_a_uri() -> None:
    uri = "sessiond://h:1?on_stale=append&deadline=2.5&tls=1&ca_file=/etc/ca.pem&stream_idle=9"
    assert parse(uri, {}) == Options(
        "h:1", on_stale="append", deadline=2.5, tls=True, ca_file="/etc/ca.pem", stream_idle=9.0
    )
    assert parse(uri, {"on_stale": "reject", "tls": False}).on_stale == "reject"


@pytest.mark.parametrize(
    ("target", "arguments", "words"),
    [
        ("", {}, "target is empty"),
        ("sessiond://", {}, "names no host"),
        ("sessiond://h:port", {}, "port"),
        ("sessiond://h:1/path", {}, "is not sessiond://host:port"),
        ("sessiond://u:secret@h:1", {}, "is not sessiond://host:port"),
        ("sessiond://h:1?stale=append", {}, "unknown option 'stale'; there are ca_file, "),
        ("sessiond://h:1?tls=yes", {}, "neither 1 nor 0"),
        ("sessiond://h:1?deadline=soon", {}, "no number of seconds"),
        ("h:1", {"deadline": 0}, "deadline"),
        ("h:1", {"stream_idle": float("nan")}, "stream_idle"),
        ("h:1", {"on_stale": "ignore"}, "on_stale"),
        ("h:1", {"cert_file": "c.pem"}, "cert_file and key_file go together"),
        ("h:1", {"credentials": object(), "ca_file": "c.pem"}, "credentials exclude"),
    ],
)
def test_wrong_options_are_named(target: str, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        parse(target, arguments)
    assert "secret" not in str(caught.value)


def test_an_unknown_argument_is_an_error_unless_the_registry_passes_it() -> None:
    with pytest.raises(TypeError, match="on_stael"):
        SessiondSessionService("h:1", on_stael="append")
    service = SessiondSessionService(uri="sessiond://h:1", agents_dir="/agents", pool_size=5, deadline=3)
    assert service._connection.options == Options("h:1", deadline=3)


def test_the_arguments_are_the_options() -> None:
    assert set(OptionArguments.__annotations__) == {field.name for field in dataclasses.fields(Options)} - {"target"}


def test_every_option_is_in_the_readme() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    for name in OptionArguments.__annotations__:
        assert f"| `{name}`" in readme


def token() -> list[tuple[str, str]]:
    return [("authorization", "Bearer t")]


def test_a_service_survives_pickling() -> None:
    service = SessiondSessionService("h:1", on_stale="append", metadata=token)
    for copy in (pickle.loads(pickle.dumps(service)), cloudpickle.loads(cloudpickle.dumps(service))):
        assert copy._connection.options == service._connection.options
        assert copy._connection is not service._connection


def test_making_a_service_does_nothing_else() -> None:
    # Neither a loop nor a server is there.
    SessiondSessionService("nowhere.invalid:1", ca_file="/does/not/exist")


def test_the_embedded_service_config_is_the_published_one() -> None:
    published = Path(__file__).resolve().parents[2] / "service-config.json"
    assert json.loads(published.read_text("utf-8")) == json.loads(SERVICE_CONFIG)
    assert published.read_text("utf-8") == SERVICE_CONFIG


def test_the_package() -> None:
    assert resources.files("sessiond").joinpath("py.typed").is_file()
    assert metadata.version("sessiond") == sessiond.__version__
    assert all(hasattr(sessiond.adk, name) for name in sessiond.adk.__all__)
