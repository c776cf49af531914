"""What a user can set, and how a URI says it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal, TypedDict
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    import grpc

DEFAULT_TARGET = "localhost:50051"

StalePolicy = Literal["reject", "append"]
Metadata = Sequence[tuple[str, str | bytes]]

_SCHEME = "sessiond://"


class OptionArguments(TypedDict, total=False):
    """The keyword arguments of ``SessiondSessionService``; ``Options`` says what each of them means."""

    on_stale: StalePolicy
    deadline: float
    stream_idle: float
    tls: bool
    ca_file: str | None
    cert_file: str | None
    key_file: str | None
    credentials: grpc.ChannelCredentials | Callable[[], grpc.ChannelCredentials] | None
    metadata: Metadata | Callable[[], Metadata]
    channel_options: Sequence[tuple[str, Any]]


@dataclass(frozen=True)
class Options:
    """Everything that a connection is made from. Nothing in it is an open resource."""

    target: str = DEFAULT_TARGET
    """A gRPC target: ``host:port``, ``dns:///host:port``, ``unix:/path``."""
    on_stale: StalePolicy = "reject"
    """What an append does when the session was changed since it was loaded: ``reject`` raises StaleSessionError and
    stores nothing, as ADK does since 1.27; ``append`` stores the event behind what the others wrote."""
    deadline: float = 10.0
    """Seconds that a call may take with all its retries, from its turn among the calls of its event loop. Reading a
    history is not bounded by it."""
    stream_idle: float = 30.0
    """Seconds that a history may stand still while it is read."""
    tls: bool = False
    """Whether the connection is encrypted. Naming a file or credentials turns it on."""
    ca_file: str | None = None
    """PEM file of the authorities to trust, instead of those that gRPC brings."""
    cert_file: str | None = None
    """PEM file of the client's certificate chain, for mutual TLS. Needs ``key_file``."""
    key_file: str | None = None
    """PEM file of the client's private key. Needs ``cert_file``."""
    credentials: grpc.ChannelCredentials | Callable[[], grpc.ChannelCredentials] | None = None
    """gRPC channel credentials, or a function that makes them. Only the function survives pickling."""
    metadata: Metadata | Callable[[], Metadata] = ()
    """Headers of every call, or a function that gives them at every call (a token that is renewed)."""
    channel_options: Sequence[tuple[str, Any]] = ()
    """gRPC channel arguments; they win over those that this package sets."""

    def __post_init__(self) -> None:
        """Checks the values against each other.

        Raises:
            ValueError: with the name of the option that is wrong.
        """
        if not self.target:
            raise ValueError("sessiond: target is empty; it is host:port, sessiond://host:port or a gRPC target")
        if self.on_stale not in ("reject", "append"):
            raise ValueError(f'sessiond: on_stale is "reject" or "append", not {self.on_stale!r}')
        for name in ("deadline", "stream_idle"):
            if not getattr(self, name) > 0:
                raise ValueError(f"sessiond: {name} is a number of seconds above 0, not {getattr(self, name)!r}")
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("sessiond: cert_file and key_file go together")
        if self.credentials is not None and (self.ca_file or self.cert_file):
            raise ValueError("sessiond: credentials exclude ca_file, cert_file and key_file")

    @property
    def encrypted(self) -> bool:
        """Whether the connection uses TLS."""
        return self.tls or self.credentials is not None or self.ca_file is not None or self.cert_file is not None


_NAMES = {field.name for field in fields(Options)} - {"target"}
_TEXTS = ("on_stale", "ca_file", "cert_file", "key_file")
_NUMBERS = ("deadline", "stream_idle")
_SWITCHES = {"1": True, "true": True, "0": False, "false": False}
_IN_URI = (*_TEXTS, *_NUMBERS, "tls")


def parse(target: str, arguments: dict[str, Any], *, ignore_unknown: bool = False) -> Options:
    """Makes options from a target or ``sessiond://`` URI and keyword arguments, which win over the URI's.

    Args:
        target: a gRPC target, or ``sessiond://host[:port][?option=value&...]``.
        arguments: options by name.
        ignore_unknown: whether arguments that are no option are dropped. ADK's service registry passes its own
            (``agents_dir``, arguments meant for SQLAlchemy) to every service.

    Raises:
        ValueError: a malformed URI or value, or an option that does not exist.
        TypeError: an argument that does not exist.
    """
    unknown = sorted(arguments.keys() - _NAMES)
    if unknown and not ignore_unknown:
        raise TypeError(f"SessiondSessionService has no argument {unknown[0]!r}; there are {', '.join(sorted(_NAMES))}")
    options = _from_uri(target) if target.startswith(_SCHEME) else Options(target=target)
    return replace(options, **{name: value for name, value in arguments.items() if name in _NAMES})


def _from_uri(uri: str) -> Options:
    parts = urlsplit(uri)
    if parts.username is not None or parts.path not in ("", "/") or parts.fragment:
        raise ValueError(f"sessiond: {_shown(uri)} is not sessiond://host:port?option=value")
    try:
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"sessiond: the port in {_shown(uri)} is no number from 1 to 65535") from error
    if not host:
        raise ValueError(f"sessiond: {_shown(uri)} names no host")
    if ":" in host:
        host = f"[{host}]"
    values: dict[str, Any] = {}
    for name, text in parse_qsl(parts.query, keep_blank_values=True):
        values[name] = _value(name, text)
    return Options(target=f"{host}:{50051 if port is None else port}", **values)


def _value(name: str, text: str) -> Any:
    if name in _TEXTS:
        return text
    if name in _NUMBERS:
        try:
            return float(text)
        except ValueError:
            raise ValueError(f"sessiond: {name}={text} in the URI is no number of seconds") from None
    if name == "tls":
        if text not in _SWITCHES:
            raise ValueError(f"sessiond: tls={text} in the URI is neither 1 nor 0")
        return _SWITCHES[text]
    raise ValueError(f"sessiond: the URI has an unknown option {name!r}; there are {', '.join(sorted(_IN_URI))}")


def _shown(uri: str) -> str:
    """The URI without what may be a secret, for messages."""
    parts = urlsplit(uri)
    return f"{_SCHEME}{parts.netloc.rpartition('@')[2]}{parts.path}"
