"""Logging in to real servers: passwords, plugins, TLS, and every way it can be refused."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from actors.drivers.mysql.session import connect, connect_any
from actors.stack import Mysql
from ingest.config.fields import TlsOptions
from ingest.mysql.endpoint import Endpoint
from ingest.problems import DataProblem, WorldProblem
from tests.kit.mysql_session import (
    PLAIN,
    account,
    execute,
    open_session,
    options_of,
)
from tests.kit.tcp_proxy import TcpProxy

pytestmark = pytest.mark.integration


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def test_wrong_password(server: Mysql) -> None:
    """A wrong password is a DataProblem that names account and host and never holds the password."""
    account(server, "wrong", "right-one")
    with pytest.raises(DataProblem) as caught:
        open_session(server, "wrong", "s3cret-guess")
    assert caught.value.code.name == "mysql.access_denied"
    assert caught.value.where == {"host": server.address, "user": "wrong"}
    assert "s3cret-guess" not in str(caught.value) + repr(caught.value)


def test_unreachable() -> None:
    """Nobody listening is a WorldProblem: it may come back."""
    port = closed_port()
    with pytest.raises(WorldProblem) as caught:
        connect(Endpoint("127.0.0.1", port), options_of())
    assert caught.value.code.name == "mysql.unreachable"
    assert f"127.0.0.1:{port}" in str(caught.value)


def test_a_server_that_accepts_and_says_nothing(server: Mysql) -> None:
    """A hung server holds us no longer than the read timeout."""
    with TcpProxy(("127.0.0.1", server.port)) as proxy:
        proxy.freeze()
        with pytest.raises(WorldProblem):
            connect(Endpoint("127.0.0.1", proxy.port), options_of(read_timeout_ms=300))


def test_a_port_that_speaks_something_else() -> None:
    """An answer that isn't MySQL's greeting is a WorldProblem that says so, not a parser's exception."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(WorldProblem) as caught:
            connect(Endpoint("127.0.0.1", listener.getsockname()[1]), options_of())
    assert caught.value.code.name in ("mysql.unreachable", "mysql.connection_lost", "mysql.stream_corrupt")


def test_the_first_host_that_answers_is_taken(mysql9: Mysql) -> None:
    """Of several hosts one that works is enough; when none does, the error names each."""
    dead = Endpoint("127.0.0.1", closed_port())
    alive = Endpoint(mysql9.host, mysql9.port)
    with connect_any([dead, alive], options_of()) as session:
        assert session.endpoint == alive
    with pytest.raises(WorldProblem) as caught:
        connect_any([alive, dead], options_of("root", "wrong"))
    assert str(alive) in str(caught.value)
    assert str(dead) in str(caught.value)
    with pytest.raises(DataProblem):
        connect_any([alive, alive], options_of("root", "wrong"))


@pytest.mark.parametrize("tls", [True, False], ids=["tls", "rsa"])
def test_caching_sha2_password_full_and_fast(mysql9: Mysql, tls: bool) -> None:
    """The first login takes the full path (over TLS, or by the server's RSA key), the second one the cached one."""
    account(mysql9, "sha2", "pässwörd ✓", "caching_sha2_password")
    execute(mysql9, "FLUSH PRIVILEGES")  # empties the server's cache
    for _ in range(2):
        mode = TlsOptions(mode="required" if tls else "disabled")
        with open_session(mysql9, "sha2", "pässwörd ✓", mode) as session:
            assert session.encrypted is tls
            assert session.query("SELECT CURRENT_USER(), %s", ("x",)) == [("sha2@127.0.0.1", "x")]


def test_native_password(mysql56: Mysql) -> None:
    """MySQL 5.6 logs in by mysql_native_password; preferred TLS goes on in plain text where none is offered."""
    account(mysql56, "native", "pässwörd", "")
    with open_session(mysql56, "native", "pässwörd", TlsOptions(mode="preferred")) as session:
        assert not session.encrypted
        assert session.server_version.startswith("5.6")


def test_a_server_that_asks_for_the_password_in_clear_gets_nothing(mysql9: Mysql) -> None:
    """An unencrypted request to switch to mysql_clear_password is refused: the password never leaves."""
    from pymysql.err import OperationalError

    from actors.drivers.mysql.session import _prepared

    connection = _prepared(Endpoint(mysql9.host, mysql9.port), options_of("root", "s3cret"))
    for plugin in (b"mysql_clear_password", b"dialog", b"mysql_old_password"):
        with pytest.raises(OperationalError):
            connection._get_auth_plugin_handler(plugin).authenticate(None)  # type: ignore[attr-defined]


def test_tls_modes(mysql9: Mysql, mysql56: Mysql) -> None:
    """Preferred and required encrypt; required fails by name where the server offers none."""
    for mode in ("preferred", "required"):
        with open_session(mysql9, tls=TlsOptions(mode=mode)) as session:
            assert session.encrypted
            assert session.show("SHOW STATUS LIKE 'Ssl_cipher'")[0]["value"]
    with pytest.raises(DataProblem) as caught:
        open_session(mysql56, tls=TlsOptions(mode="required"))
    assert caught.value.code.name == "mysql.tls_not_offered"


def test_verify_ca(mysql9: Mysql, tmp_path: Path) -> None:
    """The right authority lets us in; a wrong one, none, or a broken file is a DataProblem; nothing falls back."""
    assert mysql9.ca_file is not None
    with open_session(mysql9, tls=TlsOptions(mode="verify_ca", ca_file=str(mysql9.ca_file))) as session:
        assert session.encrypted
    own_root = tmp_path / "other.pem"
    own_root.write_text(_self_signed_certificate(), encoding="ascii")
    for ca_file in (str(own_root), None):
        with pytest.raises(DataProblem) as caught:
            open_session(mysql9, tls=TlsOptions(mode="verify_ca", ca_file=ca_file))
        assert caught.value.code.name == "mysql.tls_failed"
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate", encoding="ascii")
    for path in (broken, tmp_path / "missing.pem"):
        with pytest.raises(DataProblem) as caught:
            open_session(mysql9, tls=TlsOptions(mode="verify_ca", ca_file=str(path)))
        assert caught.value.code.name == "mysql.tls_files"
        assert str(path) in str(caught.value)


def test_verify_identity(mysql9: Mysql) -> None:
    """A certificate of the right authority for another name is refused under verify_identity."""
    with pytest.raises(DataProblem) as caught:
        open_session(mysql9, tls=TlsOptions(mode="verify_identity", ca_file=str(mysql9.ca_file)))
    assert caught.value.code.name == "mysql.tls_failed"


def test_an_account_that_demands_tls(mysql9: Mysql) -> None:
    """A server that insists on TLS is named as such when TLS is disabled."""
    execute(mysql9, "SET GLOBAL require_secure_transport = ON")
    try:
        with pytest.raises(DataProblem) as caught:
            open_session(mysql9, tls=PLAIN)
    finally:
        with mysql9.connect(ssl={"ca": str(mysql9.ca_file), "check_hostname": False}) as c, c.cursor() as cursor:
            cursor.execute("SET GLOBAL require_secure_transport = OFF")
    assert caught.value.code.name == "mysql.tls_demanded"


def test_a_query_that_is_refused_names_its_statement(server: Mysql) -> None:
    """An error within a session says which statement, and the session goes on."""
    with open_session(server) as session:
        with pytest.raises(DataProblem) as caught:
            session.query("SELECT nothing FROM nowhere.at_all")
        assert caught.value.where["statement"] == "SELECT nothing FROM nowhere.at_all"
        assert session.query("SELECT 1") == [(1,)]


def _self_signed_certificate() -> str:
    """A certificate authority that signed nothing here."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "another authority")])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    signed = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return signed.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode("ascii")
