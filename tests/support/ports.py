"""Ports: one that is free, and one that stays ours after its server has stopped."""

from __future__ import annotations

import socket


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class RefusingPort:
    """A port of 127.0.0.1 on which nothing listens while it is held: connections are refused.

    A port that is free could become that of a server of another process of the tests, which would answer.
    """

    def __init__(self) -> None:
        self._socket: socket.socket | None = None

    def hold(self, port: int) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))

    def release(self) -> None:
        """Close it, for a server that starts again; without effect where it is not held."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
