"""Connections to MySQL: the one place that opens sockets to it.

    session.py    connect and log in (PyMySQL does handshake and authentication), ask
    tls.py        TlsOptions -> ssl context
    dump.py       the replication session: register, dump, raw packets for a select() loop
    preflight.py  gather what the server says of itself, for ``ingest.mysql.judgement``
    tables.py     tables, columns and keys from information_schema

Invariant: whatever happens on a connection leaves here as a ``Problem`` that names the host, never the password.
"""
