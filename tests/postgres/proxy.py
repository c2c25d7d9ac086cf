"""A proxy between a program and a server of PostgreSQL that cuts the connection at a given message.

`cut` counts the messages of the program to the server, over all connections, from 1. The message is
passed on or not, and then both sides are cut; so the answer to it never comes.
"""

from __future__ import annotations

import contextlib
import socket
import threading


class Proxy:
    """Passes all on to the server at a port of loopback, until `cut` messages were sent."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._lock = threading.Lock()
        self.sent = 0
        self.cut: int | None = None
        self.passed_on = True
        self.refuses = False  # accepts nobody
        self.stays_cut = False  # refuses from the cut on
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self, cut: int | None, *, passed_on: bool) -> None:
        """Count from now on, and cut at that message."""
        with self._lock:
            self.sent, self.cut, self.passed_on = 0, cut, passed_on

    def close(self) -> None:
        """Accept nobody any more."""
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                ours, _address = self._listening.accept()
            except OSError:
                return
            if self.refuses:
                ours.close()
                continue
            try:
                theirs = socket.create_connection(("127.0.0.1", self._port))
            except OSError:
                ours.close()
                continue
            threading.Thread(target=self._pass, args=(ours, theirs, True), daemon=True).start()
            threading.Thread(target=self._pass, args=(theirs, ours, False), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, asks: bool) -> None:
        while True:
            try:
                data = source.recv(1 << 16)
            except OSError:
                data = b""
            is_last = bool(data) and asks and self._is_last()
            try:
                if data and (not is_last or self.passed_on):
                    target.sendall(data)
            except OSError:
                data = b""
            if not data or is_last:
                for one in (source, target):
                    with contextlib.suppress(OSError):
                        one.shutdown(socket.SHUT_RDWR)
                    one.close()
                return

    def _is_last(self) -> bool:
        with self._lock:
            self.sent += 1
            is_last = self.cut is not None and self.sent == self.cut
            self.refuses = self.refuses or (is_last and self.stays_cut)
            return is_last
