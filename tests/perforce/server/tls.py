"""SSL ports: the server's key and certificate in P4SSLDIR, and connections that use them.

The folder holds privatekey.txt and certificate.txt as the product's does and must be its owner's alone.
openssl makes them (p4d -Gc) and prints the fingerprint that clients pin (p4d -Gf).
"""

import os
import socket
import ssl
import subprocess
from pathlib import Path

KEY, CERTIFICATE = "privatekey.txt", "certificate.txt"
HANDSHAKE = 0x16            # the first byte of a client that speaks TLS
ALERT = b"\x15\x03\x03\x00\x02\x02\x46"      # fatal: protocol version
PATIENCE = 60               # seconds a client has for its first byte and the handshake


class TlsError(Exception):
    """The product's message about what is wrong with P4SSLDIR."""


def folder() -> Path:
    """P4SSLDIR, checked as the product does."""
    path = Path(os.environ.get("P4SSLDIR") or "/nonexistent")
    if not path.is_dir():
        raise TlsError("P4SSLDIR not defined or does not reference a valid directory.")
    if path.stat().st_uid != os.geteuid():
        raise TlsError("P4SSLDIR or credentials files not owned by Perforce process effective user.")
    if path.stat().st_mode & 0o077:
        raise TlsError("P4SSLDIR directory or key and certificate files not secure.")
    return path


def _credentials() -> tuple[Path, Path]:
    key, certificate = folder() / KEY, folder() / CERTIFICATE
    if not (key.exists() and certificate.exists()):
        raise TlsError("Either privatekey.txt or certificate.txt files do not exist.")
    if (key.stat().st_mode | certificate.stat().st_mode) & 0o077:
        raise TlsError("P4SSLDIR directory or key and certificate files not secure.")
    return key, certificate


def _openssl(*args: str) -> str:
    done = subprocess.run(["openssl", *args], capture_output=True, text=True, check=False)
    if done.returncode:
        raise TlsError(f"Unable to generate certificate or private key for server.\n\t{done.stderr.strip()}")
    return done.stdout.strip()


def generate() -> None:
    """p4d -Gc: a new key and a certificate it signs itself."""
    key, certificate = folder() / KEY, folder() / CERTIFICATE
    if key.exists() or certificate.exists():
        raise TlsError("P4SSLDIR contains credentials, please remove key and certificate files.")
    old = os.umask(0o077)
    try:
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:prime256v1", "-nodes", "-days", "730", "-subj",
                 f"/CN={socket.gethostname()}", "-keyout", str(key), "-out", str(certificate))
    finally:
        os.umask(old)


def fingerprint() -> str:
    """p4d -Gf: upper case pairs of hex digits with colons, SHA-1."""
    return _openssl("x509", "-noout", "-fingerprint", "-sha1", "-in",
                    str(_credentials()[1])).rpartition("=")[2]


def expires() -> str:
    """When the certificate does, as info shows it."""
    text = _openssl("x509", "-noout", "-enddate", "-in", str(_credentials()[1]))
    return text.rpartition("=")[2]


def context() -> ssl.SSLContext:
    key, certificate = _credentials()
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate, key)
    return made


def accept(made: ssl.SSLContext, sock: socket.socket) -> ssl.SSLSocket | None:
    """Shakes hands with a client; None if it does not speak TLS, which it is told."""
    sock.settimeout(PATIENCE)
    if sock.recv(1, socket.MSG_PEEK)[:1] != bytes([HANDSHAKE]):
        sock.sendall(ALERT)
        sock.recv(65536)        # unread bytes would make a reset of the answer
        return None
    wrapped = made.wrap_socket(sock, server_side=True)
    wrapped.settimeout(None)
    return wrapped
