"""Encrypted connections."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from google.adk.events.event import Event
from server import Server

from sessiond.adk import SessiondSessionService, UnavailableError

pytestmark = pytest.mark.once


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine's loopback address, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_file, key_file


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = self_signed(folder)
    server = Server(folder, "--tls-cert", str(certificate), "--tls-key", str(key)).start()
    yield server
    server.stop()


async def test_a_trusted_server(server: Server, app: str) -> None:
    ca_file = server.folder / "cert.pem"

    def credentials() -> grpc.ChannelCredentials:
        return grpc.ssl_channel_credentials(ca_file.read_bytes())

    for service in (
        SessiondSessionService(server.target, ca_file=str(ca_file)),
        SessiondSessionService(f"sessiond://{server.target}?tls=1&ca_file={ca_file}"),
        SessiondSessionService(server.target, credentials=credentials),
        SessiondSessionService(server.target, credentials=credentials()),
    ):
        async with service:
            session = await service.create_session(app_name=app, user_id="u")
            await service.append_event(session, Event(author="u"))
            found = await service.get_session(app_name=app, user_id="u", session_id=session.id)
            assert found == session


@pytest.mark.parametrize("options", [{}, {"tls": True}], ids=["not encrypted", "not trusted"])
async def test_a_server_that_does_not_fit(server: Server, app: str, options: dict[str, bool]) -> None:
    async with SessiondSessionService(server.target, deadline=3, **options) as service:
        with pytest.raises(UnavailableError):
            await service.create_session(app_name=app, user_id="u")


async def test_a_file_that_is_not_there(app: str) -> None:
    async with SessiondSessionService("localhost:1", ca_file="/does/not/exist") as service:
        with pytest.raises(FileNotFoundError, match="/does/not/exist"):
            await service.create_session(app_name=app, user_id="u")
