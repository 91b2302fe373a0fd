"""A TCP proxy on loopback that misbehaves on request: cut, freeze, flip a bit, drop bytes, slow down.

    with TcpProxy(("127.0.0.1", mysql.port)) as proxy:
        ... connect to 127.0.0.1:proxy.port ...
        proxy.cut_after(1000)        # faults act on bytes that the server sends, counted from this call

Faults hold for the connections that are open and for those to come, until ``heal()``.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time
from types import TracebackType

CHUNK_BYTES = 64 << 10
_POLL_S = 0.05


class TcpProxy:
    """Forwards connections to ``upstream``. Counters and faults are shared by all its connections."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self._upstream = upstream
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._links: set[_Link] = set()
        self._closed = threading.Event()
        self._frozen = threading.Event()
        self._refusing = threading.Event()
        self._bytes_per_s = 0
        self._sent = 0
        self._cut_at: int | None = None
        self._flips: dict[int, int] = {}
        self._drops: list[tuple[int, int]] = []
        self._accepted = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> TcpProxy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- what it did

    @property
    def connections(self) -> int:
        """How many connections were accepted so far."""
        return self._accepted

    @property
    def bytes_from_server(self) -> int:
        """How many bytes of the server were read so far (those that a fault then dropped included)."""
        return self._sent

    # --- faults

    def cut(self, reset: bool = False) -> None:
        """Close every connection now: orderly, or with a TCP reset."""
        with self._lock:
            doomed = list(self._links)
        for link in doomed:
            link.shut(reset)

    def cut_after(self, count: int) -> None:
        """Close once so many more bytes of the server have been passed on, in the middle of a packet if it falls so."""
        with self._lock:
            self._cut_at = self._sent + count

    def freeze(self) -> None:
        """Pass nothing on, in either direction, and keep all connections open: a peer that vanished."""
        self._frozen.set()

    def abandon(self) -> None:
        """Pass nothing more on over the connections that are open now, and keep them open for good; new ones work."""
        with self._lock:
            for link in self._links:
                link.abandoned.set()

    def refuse(self) -> None:
        """Close new connections at once."""
        self._refusing.set()

    def flip_bit(self, after: int, mask: int = 0x01) -> None:
        """Change the byte of the server that comes after so many more."""
        with self._lock:
            self._flips[self._sent + after] = mask

    def drop_bytes(self, after: int, count: int) -> None:
        """Leave out ``count`` bytes of the server behind the next ``after`` ones."""
        with self._lock:
            self._drops.append((self._sent + after, self._sent + after + count))

    def slow_down(self, bytes_per_s: int) -> None:
        """Pass the server's bytes on at that rate."""
        self._bytes_per_s = bytes_per_s

    def heal(self) -> None:
        """No faults from now on (what was held back by ``freeze`` goes on)."""
        with self._lock:
            self._cut_at = None
            self._flips.clear()
            self._drops.clear()
        self._bytes_per_s = 0
        self._refusing.clear()
        self._frozen.clear()

    def close(self) -> None:
        """Close everything."""
        self._closed.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # ends the thread's accept(), which keeps the port open
        self._listener.close()
        self.cut()

    # --- inside

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._accepted += 1
            if self._refusing.is_set():
                client.close()
                continue
            try:
                server = socket.create_connection(self._upstream, 10)
            except OSError:
                client.close()
                continue
            for sock in (client, server):
                sock.settimeout(None)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link = _Link(client, server)
            with self._lock:
                self._links.add(link)
            for source, target, faulty in ((server, client, True), (client, server, False)):
                threading.Thread(target=self._pump, args=(link, source, target, faulty), daemon=True).start()

    def _pump(self, link: _Link, source: socket.socket, target: socket.socket, faulty: bool) -> None:
        with contextlib.suppress(OSError, ValueError):  # closed from the other side or by ``cut``
            self._forward(link, source, target, faulty)
        if link.one_way_ended():
            with self._lock:
                self._links.discard(link)

    def _forward(self, link: _Link, source: socket.socket, target: socket.socket, faulty: bool) -> None:
        last = False
        while not last and not self._closed.is_set() and not link.over.is_set():
            if link.abandoned.is_set():
                link.over.wait()
            elif self._frozen.is_set():
                time.sleep(_POLL_S)
            elif select.select([source], [], [], _POLL_S)[0] and not self._frozen.is_set():
                data = source.recv(CHUNK_BYTES)
                last = not data
                if faulty and data:
                    data, last = self._damaged(data)
                target.sendall(data)

    def _damaged(self, data: bytes) -> tuple[bytes, bool]:
        """The server's bytes with the faults applied, and whether the connection ends behind them."""
        with self._lock:
            start, self._sent = self._sent, self._sent + len(data)
            cut_at, flips, drops = self._cut_at, dict(self._flips), list(self._drops)
        out = bytearray(data)
        for place, mask in flips.items():
            if start <= place < start + len(data):
                out[place - start] ^= mask
        last = cut_at is not None and cut_at <= start + len(data)
        keep = (
            [
                (start + index < cut_at if cut_at is not None else True)
                and not any(low <= start + index < high for low, high in drops)
                for index in range(len(out))
            ]
            if last or drops
            else None
        )
        if keep is not None:
            out = bytearray(byte for byte, kept in zip(out, keep, strict=True) if kept)
        if self._bytes_per_s:
            time.sleep(len(out) / self._bytes_per_s)
        return bytes(out), last


class _Link:
    """A client's connection and the one to the server that goes with it. Sockets are only closed once both pumps are
    done, since a closed descriptor's number may be another socket's the next moment."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self._socks = (client, server)
        self._lock = threading.Lock()
        self._ended = 0
        self._reset = False
        self.over = threading.Event()
        self.abandoned = threading.Event()
        for sock in self._socks:
            sock.settimeout(None)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def shut(self, reset: bool) -> None:
        """Make both pumps end; with ``reset`` the peers see a TCP reset instead of an orderly end."""
        with self._lock:
            self._reset = self._reset or reset
            self.over.set()
            for sock in self._socks:
                with contextlib.suppress(OSError):
                    if reset:
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    sock.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)

    def one_way_ended(self) -> bool:
        """One pump is done. Ends the other; closes when both are done and then says True."""
        self.shut(self._reset)
        with self._lock:
            self._ended += 1
            if self._ended < 2:
                return False
            for sock in self._socks:
                sock.close()
            return True
