"""One connection of the door: what its reader has read is answered as soon as a request is complete."""

import asyncio
import contextlib
import logging
import os
import socket
import struct
from collections.abc import AsyncGenerator, Coroutine
from typing import Any, cast

from veeam_mock.api.head import Head
from veeam_mock.door.door import Door
from veeam_mock.door.heads import LONGEST_HEAD, MetHead
from veeam_mock.door.incoming import Incoming
from veeam_mock.door.reader import RequestReader
from veeam_mock.door.rendering import render
from veeam_mock.messages import AT_ONCE, DRIBBLE_STEPS, OUR_OWN, Reply, Request

TLS_BEGINS = b"\x16\x03"
"""A handshake record, of any version (RFC 8446 section 5.1)."""

log = logging.getLogger("veeam_mock")

MOST_WAITING = 32
"""Pipelined requests that are read ahead of the one that is being answered."""

MOST_UNSENT = 64 * 1024
"""Bytes of answers that a connection holds back for the end of a turn of the loop."""


class Connection(asyncio.Protocol):
    """Reads requests, has them answered in their order, and carries out how each reply is to be delivered."""

    transport: asyncio.Transport

    def __init__(self, door: Door) -> None:
        self._door = door
        self._loop = asyncio.get_running_loop()
        self._unsent = b""
        self._met: MetHead | None = None
        self._begun = b""
        self._is_held = False
        self._held_since = 0.0
        self._message = b""
        self._task: asyncio.Task[None] | None = None
        self._holding = False
        self._streaming: Incoming | None = None
        self._lingering = False
        self._write_paused = False
        self._client_done = False
        self._timer: asyncio.TimerHandle | None = None
        self._speaks_tls = False
        self._quiet_since = 0.0

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._door.connections.add(self)
        self._is_plain = transport.get_extra_info("sslcontext") is None
        peer = transport.get_extra_info("peername")
        self._client = str(peer[0]) if peer else ""
        self._reader = RequestReader("http" if self._is_plain else "https", self._client, self._loop.time)
        self._quiet_since = self._loop.time()
        self._timer = self._loop.call_later(self._door.patience.request, self._tick)

    def connection_lost(self, exc: Exception | None) -> None:
        self._door.connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
        self._reader.waiting.clear()
        self._unsent = b""

    def data_received(self, data: bytes) -> None:
        met = self._met
        if met is not None and not self._begun and (body := met.body_in(data)) is not None:
            self._answer_at_once(met.incoming, met.head, body)
        elif self._is_held:
            self._is_held, data, self._begun = False, self._begun + data, b""
            self._meet(data, may_hold=False)
        elif self._is_between_requests():
            self._meet(data, may_hold=True)
        else:
            self._read(data, self._begun + data if self._begun else b"")

    def _meet(self, data: bytes, *, may_hold: bool) -> None:
        """A request begins with `data`: answer it at once if its head has been met, else read it.

        Most clients send the body for itself; a head that has been met is held until that has come.
        """
        met = self._met = self._door.heads.find(self._client, data)
        body = None if met is None else met.body_in(data)
        if met is not None and body is not None:
            self._answer_at_once(met.incoming, met.head, body)
        elif met is not None and met.announces_body(data) and may_hold:
            self._is_held, self._begun, self._held_since = True, data, self._loop.time()
        else:
            self._read(data, data)

    def _read(self, data: bytes, message: bytes) -> None:
        """Read on. `message` is all that has come of one request, if it is short enough to be known again."""
        reader = self._reader
        self._speaks_tls = self._is_plain and reader.is_between_requests and data.startswith(TLS_BEGINS)
        reader.feed(data)
        if len(reader.waiting) >= MOST_WAITING:
            self.transport.pause_reading()
        is_whole = bool(reader.waiting)
        self._begun = message if not is_whole and len(message) < LONGEST_HEAD else b""
        self._message = message if is_whole else b""
        self._work()

    def eof_received(self) -> bool:
        """A client that has said all may still wait for its answers.

        Not for one that a fault holds back: nothing would tell it from a client that went away.
        """
        self._client_done = True
        self.flush()
        return self._is_plain and not self._holding and (self._task is not None or bool(self._reader.waiting))

    def pause_writing(self) -> None:
        self._write_paused = True
        self._met = None

    def resume_writing(self) -> None:
        self._write_paused = False
        self._quiet_since = self._loop.time()
        self._work()

    def shutdown(self) -> None:
        """What the server calls when it stops: an answer under way may end, nothing else is waited for."""
        if self._task is None:
            self.flush()
            self.transport.abort()
        elif self._streaming is not None:
            self._write(self._streaming.part(b""))
            self._close()
        else:
            self._client_done = True
            self._reader.waiting.clear()

    def abort(self) -> None:
        """Break the connection off."""
        self.transport.abort()

    # Answering, in the order of the requests

    def _work(self) -> None:
        reader = self._reader
        while reader.waiting and self._is_free():
            incoming = reader.waiting.popleft()
            if len(reader.waiting) == MOST_WAITING - 1:
                self.transport.resume_reading()
            self._answer(incoming)
        if reader.expects_continue and self._is_free():
            reader.expects_continue = False
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _is_between_requests(self) -> bool:
        """Whether nothing has come that is not answered, and more may come."""
        reader = self._reader
        return reader.is_between_requests and not (reader.waiting or reader.ended) and self._is_free()

    def _is_free(self) -> bool:
        """Whether nothing keeps the next answer from being written, as one does that ended the connection."""
        return self._task is None and not (self._write_paused or self._lingering or self.transport.is_closing())

    def _answer(self, incoming: Incoming) -> None:
        request = incoming.request
        if incoming.refusal is not None:
            self._refuse(request, incoming.refusal)
            return
        head = self._door.mock.read(request)
        message, self._message = self._message, b""
        if self._door.mock.is_quick(head):
            self._met = self._door.heads.learn(message, head, incoming)
            self._answer_at_once(incoming, head, request.body)
        else:
            self._start(self._answer_in_thread(incoming))

    def _answer_at_once(self, incoming: Incoming, head: Head, body: bytes) -> None:
        reply = self._door.mock.reply(head, body)
        if reply.manner is not OUR_OWN and reply.manner.closes:
            incoming = incoming._replace(keep_alive=False)
        if reply.delivery is AT_ONCE:
            self._send(render(reply, incoming.request.method, keep_alive=incoming.keep_alive, old=incoming.old))
            self._ended(incoming)
        else:
            self._holding = True
            self._start(self._deliver(reply, incoming))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._met = None
        task = self._task = self._loop.create_task(work)
        self._door.tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._door.tasks.discard(task)
        self._task = None
        self._holding, self._streaming = False, None
        if task.cancelled():
            self.transport.abort()
        elif (error := task.exception()) is not None:
            log.error("failed to deliver an answer", exc_info=error)
            self.transport.abort()
        else:
            self._work()

    def _ended(self, incoming: Incoming) -> None:
        """An answer has been written: close, or wait for the next request."""
        self._quiet_since = self._loop.time()
        if not incoming.keep_alive and self.transport.can_write_eof() and not self._client_done:
            self._linger()
        elif not incoming.keep_alive or (self._client_done and not self._reader.waiting):
            self._close()

    # Writing

    def _send(self, data: bytes) -> None:
        """Write `data` at the end of this turn of the loop, or at once when much has come together."""
        if not self._unsent:
            self._door.outbox.add(self.flush)
        self._unsent = self._unsent + data if self._unsent else data
        if len(self._unsent) > MOST_UNSENT:
            self.flush()

    def flush(self) -> None:
        """Write what was held back."""
        data, self._unsent = self._unsent, b""
        if data and not self.transport.is_closing():
            self.transport.write(data)

    def _write(self, data: bytes) -> None:
        self.flush()
        self.transport.write(data)

    def _close(self) -> None:
        self.flush()
        self.transport.close()

    # Delivering what takes its time

    async def _answer_in_thread(self, incoming: Incoming) -> None:
        reply = await asyncio.to_thread(self._door.mock.answer, incoming.request)
        if reply.more is None or incoming.request.method == "HEAD" or self._client_done:
            self._write(incoming.answer(reply))
        else:
            await self._stream(reply, reply.more, incoming)
        self._ended(incoming)

    async def _stream(self, reply: Reply, more: AsyncGenerator[bytes, None], incoming: Incoming) -> None:
        """Write the parts as they come, for as long as the client reads them and the server goes on."""
        self._holding, self._streaming = True, incoming
        self._write(incoming.begin(reply))
        async with contextlib.aclosing(more):
            async for part in more:
                if self._write_paused:
                    self._reset()
                    return
                self._write(incoming.part(part))
        self._write(incoming.part(b""))

    async def _deliver(self, reply: Reply, incoming: Incoming) -> None:
        """A reply that takes its time, or never becomes a whole answer."""
        delivery = reply.delivery
        await asyncio.sleep(delivery.delay)
        match delivery.ending:
            case "never":
                await self._loop.create_future()
            case "reset":
                self._reset()
            case "empty":
                self._close()
            case "garbage":
                self._write(delivery.raw)
                self._close()
            case "truncated":
                cut = 1 if incoming.request.method == "HEAD" else max(1, len(reply.body) // 2)
                self._write(incoming.answer(reply)[:-cut])
                self._close()
            case "whole":
                size = len(reply.body) if incoming.request.method != "HEAD" else 0
                await self._dribble(incoming.answer(reply), size, delivery.dribble)
                self._ended(incoming)

    async def _dribble(self, answer: bytes, size: int, seconds: float) -> None:
        """Write the head at once, and what has this size, the body, in steps over the time."""
        steps = min(DRIBBLE_STEPS, size) if seconds else 0
        start = len(answer) - size if steps else len(answer)
        self._write(answer[:start])
        for step in range(steps):
            await asyncio.sleep(seconds / steps)
            self._write(answer[start + size * step // steps : start + size * (step + 1) // steps])

    def _reset(self) -> None:
        """Break the connection by a TCP RST, over TLS too: close the socket with nothing left to linger for."""
        linger = struct.pack("ii" if os.name != "nt" else "hh", 1, 0)
        handle = self.transport.get_extra_info("socket").fileno()
        with socket.fromfd(handle, socket.AF_INET, socket.SOCK_STREAM) as duplicate:
            duplicate.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.transport.abort()

    # Refusing what cannot be read as a request, and ending what leads to nothing

    def _refuse(self, request: Request, status: int) -> None:
        """Say why, and close once the client had time to read it."""
        self._write(render(self._door.refuse(request, status, speaks_tls=self._speaks_tls), "", keep_alive=False))
        self._linger()

    def _linger(self) -> None:
        """Close once the client had time to read: what it still sends would have the system reset the connection, and
        its answer thrown away (RFC 9112 section 9.6)."""
        self.flush()
        self._lingering, self._met, self._reader.ended = True, None, True
        if self.transport.can_write_eof():
            self.transport.write_eof()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(self._door.patience.linger, self.transport.abort)

    def _tick(self) -> None:
        """Refuse a request that takes too long to come, end a connection that is not used; look again later."""
        now = self._loop.time()
        busy = self._task is not None
        since, allowed = self._quiet_since, self._door.patience.idle
        began_at = self._held_since if self._is_held else self._reader.began_at
        if began_at is not None:
            since, allowed = began_at, self._door.patience.request
        ends = now + allowed if busy else since + allowed
        if now >= ends:
            self._give_up()
            ends = now + self._door.patience.idle
        if not self._lingering:
            self._timer = self._loop.call_at(min(ends, now + self._door.patience.request), self._tick)

    def _give_up(self) -> None:
        if self._is_held:
            self._is_held = False
            self._reader.feed(self._begun)
        if self._write_paused or self.transport.is_closing():
            self._reset()  # its client does not read what it asked for
        elif self._reader.began_at is not None:
            self._reader.refuse(408)
            self._work()
        else:
            self._close()
