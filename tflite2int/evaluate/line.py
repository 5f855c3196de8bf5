"""A serial line, opened directly: a terminal device of this machine, or a TCP socket in its place."""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from ..errors import UsageError, printable

REMEDY = "Look at the cable and at whether another program has the port open."


class Line(Protocol):
    """What the protocol needs of a line."""

    def read(self, timeout: float) -> bytes:
        """What has come within ``timeout`` seconds, at least a byte; nothing where none came."""

    def write(self, data: bytes) -> None:
        """Send all of ``data``."""


class DescriptorLine:
    """A line behind a file descriptor. Raises UsageError where the other side has gone."""

    def __init__(self, descriptor: int, name: str) -> None:
        self._descriptor, self._name = descriptor, name

    def read(self, timeout: float) -> bytes:
        ready, _, _ = select.select([self._descriptor], [], [], timeout)
        if not ready:
            return b""
        try:
            data = os.read(self._descriptor, 4096)
        except OSError as error:
            raise self._gone(error.strerror) from None
        if not data:
            raise self._gone("the other side closed it")
        return data

    def write(self, data: bytes) -> None:
        end = time.monotonic() + 30
        while data:
            _, ready, _ = select.select([], [self._descriptor], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise self._gone("it takes no more bytes")
            try:
                data = data[os.write(self._descriptor, data) :]
            except OSError as error:
                raise self._gone(error.strerror) from None

    def _gone(self, why: str | None) -> UsageError:
        return UsageError(f"the line {self._name} failed: {why}", remedy=REMEDY)


@contextmanager
def open_line(port: str, baud: int) -> Iterator[Line]:
    """A device such as /dev/ttyACM0, with 8 bits, no parity and no flow control, or ``tcp:HOST:NUMBER``.

    Raises UsageError where it cannot be opened.
    """
    if port.startswith("tcp:"):
        host, _, number = port[4:].rpartition(":")
        try:
            connection = socket.create_connection((host, int(number)), timeout=10)
        except (OSError, ValueError, OverflowError) as error:
            raise UsageError(f"{printable(port)} cannot be reached: {error}", remedy="Give tcp:HOST:NUMBER.") from None
        with connection:
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield DescriptorLine(connection.fileno(), port)
        return
    descriptor = _open_terminal(port, baud)
    try:
        yield DescriptorLine(descriptor, port)
    finally:
        os.close(descriptor)


def _open_terminal(port: str, baud: int) -> int:
    try:
        import termios
    except ImportError:  # not a POSIX system
        raise UsageError(
            f"{printable(port)}: this system has no termios", remedy="Give tcp:HOST:NUMBER of a serial server."
        ) from None
    speed = getattr(termios, f"B{baud}", None)
    if speed is None:
        raise UsageError(f"there is no speed of {baud} baud here", remedy="115200 is what the templates use.")
    try:
        descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as error:
        raise UsageError(f"{printable(port)} cannot be opened: {error.strerror}", remedy=REMEDY) from None
    try:
        settings = termios.tcgetattr(descriptor)
        control = settings[2] & ~(termios.CSIZE | termios.PARENB | termios.CSTOPB | getattr(termios, "CRTSCTS", 0))
        settings[0:4] = [0, 0, control | termios.CS8 | termios.CREAD | termios.CLOCAL, 0]
        settings[4] = settings[5] = speed
        settings[6][termios.VMIN], settings[6][termios.VTIME] = 1, 0
        termios.tcsetattr(descriptor, termios.TCSANOW, settings)
    except termios.error:
        os.close(descriptor)
        raise UsageError(f"{printable(port)} is no serial port") from None
    return descriptor
