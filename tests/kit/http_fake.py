"""An HTTP server that gives one answer to everything: for what no real server here can say (a version, an HTML page)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class HttpFake:
    """Where it listens, and the headers of each request that it got."""

    url: str
    requests: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def http_fake(
    status: int, body: bytes, content_type: str = "application/json", hang_up_above: int = 1 << 40
) -> Iterator[HttpFake]:
    """Serve until the end of the block. A request of more bytes than ``hang_up_above`` isn't read, nor answered."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            size = int(self.headers.get("content-length", 0))
            fake.requests.append({name.lower(): value for name, value in self.headers.items()})
            if size > hang_up_above:
                self.close_connection = True
                return
            self.rfile.read(size)
            self.send_response(status)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_HEAD = _answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake = HttpFake(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
