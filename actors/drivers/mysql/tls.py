"""``TlsOptions`` to an ssl context. Reads certificate files."""

from __future__ import annotations

import ssl

from ingest.config.fields import TlsOptions
from ingest.mysql.replies import TLS_FILES
from ingest.problems import DataProblem


def tls_context(options: TlsOptions) -> ssl.SSLContext | None:
    """The context for a mode, None when TLS is disabled. DataProblem names the file that can't be used."""
    if options.mode == "disabled":
        return None
    context = _authorities(options)
    # Python 3.13 turns this on; the certificates that MySQL makes for itself don't pass it.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.check_hostname = options.mode == "verify_identity"
    verify = options.mode in ("verify_ca", "verify_identity")
    context.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
    if options.cert_file is not None:
        _load_client_certificate(context, options.cert_file, options.key_file)
    return context


def _authorities(options: TlsOptions) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=options.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise DataProblem(TLS_FILES, f"ca_file {options.ca_file}: {error}") from error


def _load_client_certificate(context: ssl.SSLContext, cert_file: str, key_file: str | None) -> None:
    try:
        # A key with a passphrase would make OpenSSL ask on the terminal and hang; refuse instead.
        context.load_cert_chain(cert_file, key_file, password=_no_passphrase)
    except (OSError, ssl.SSLError, ValueError) as error:
        names = cert_file if key_file is None else f"{cert_file}, key_file {key_file}"
        raise DataProblem(TLS_FILES, f"cert_file {names}: {error}") from error


def _no_passphrase() -> str:
    raise ValueError("the key is protected by a passphrase, which isn't supported")
