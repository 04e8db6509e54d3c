"""Runs cases of Autobahn's test suite against an echo server, several at a time; one line of JSON for each.

    fuzzing_client.py URL '{"cases": ["1.*"], "exclude": ["9.*"], "concurrency": 16, "headers": {}}'
"""

import asyncio
import fnmatch
import json
import sys
import time
from urllib.parse import urlsplit

import txaio

txaio.use_asyncio()

from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol  # noqa: E402
from autobahn.websocket.protocol import WebSocketProtocol  # noqa: E402

from case_loader import load_cases  # noqa: E402


class FuzzingClient(WebSocketClientProtocol):
    """What a case has of its connection: the names are those that the cases use."""

    createWirelog = False
    connectionWasOpen = False

    def __init__(self, case_class, finished):
        super().__init__()
        self._finished = finished
        self.txFrameStats = {}
        # Cases of compression work with bytes, all others with strings of bytes.
        self._uses_bytes = hasattr(case_class, "CLIENT_OFFERS")
        self._case_class = case_class
        self.runCase = None

    def connection_made(self, transport):
        super().connection_made(transport)
        self.runCase = self._case_class(self)

    def connection_lost(self, reason):
        super().connection_lost(reason)
        if self.runCase is None:
            return
        # A case that could not open its connection has set no expectations.
        if self.connectionWasOpen:
            self.runCase.onConnectionLost(self.failedByMe)
        if not self._finished.done():
            self._finished.set_result(self.runCase)

    def onOpen(self):
        self.connectionWasOpen = True
        self.runCase.onOpen()

    def onMessage(self, payload, isBinary):
        self.runCase.onMessage(payload if self._uses_bytes else payload.decode("latin-1"), isBinary)

    def onPing(self, payload):
        super().onPing(payload)
        self.runCase.onPing(payload.decode("latin-1"))

    def onPong(self, payload):
        self.runCase.onPong(payload.decode("latin-1"))

    def onClose(self, wasClean, code, reason):
        self.runCase.onClose(wasClean, code, reason)

    def sendFrame(self, opcode, payload=b"", **rest):
        super().sendFrame(opcode, as_bytes(payload), **rest)

    def sendMessage(self, payload, isBinary=False, **rest):
        if self.state == WebSocketProtocol.STATE_OPEN:
            super().sendMessage(as_bytes(payload), isBinary, **rest)

    def sendMessageFrameData(self, payload, sync=False):
        return super().sendMessageFrameData(as_bytes(payload), sync)

    def sendCloseFrame(self, code=None, reasonUtf8=None, isReply=False):
        super().sendCloseFrame(code, as_bytes(reasonUtf8), isReply)

    def sendClose(self, code=None, reason=None):
        """Unlike the original it sends any code, as the cases want it."""
        self.sendCloseFrame(code, reason)

    def logTxFrame(self, frameHeader, payload, repeatLength, chopsize, sync):
        opcode = frameHeader.opcode
        self.txFrameStats[opcode] = self.txFrameStats.get(opcode, 0) + 1

    def enableWirelog(self, enable):
        pass

    def continueLater(self, delay, function, tag=None):
        self._later(delay, function)

    def killAfter(self, delay):
        self._later(delay, self._fail_connection)

    def closeAfter(self, delay):
        self._later(delay, self.sendClose)

    def _later(self, delay, function):
        def run():
            if self.state != WebSocketProtocol.STATE_CLOSED:
                function()

        asyncio.get_running_loop().call_later(delay, run)


def as_bytes(payload):
    return payload.encode("latin-1") if isinstance(payload, str) else payload


async def run_case(case_class, url, headers):
    loop = asyncio.get_running_loop()
    finished = loop.create_future()
    factory = WebSocketClientFactory(url, headers=headers, loop=loop)
    factory.setProtocolOptions(failByDrop=False, openHandshakeTimeout=30, closeHandshakeTimeout=10)
    factory.logFrames = True
    factory.protocol = lambda: FuzzingClient(case_class, finished)
    parts = urlsplit(url)
    started = time.monotonic()
    await loop.create_connection(factory, parts.hostname, parts.port)
    case = await finished
    return {
        "id": case_id(case_class),
        "behavior": case.behavior,
        "behaviorClose": case.behaviorClose,
        "result": case.result,
        "resultClose": case.resultClose,
        "code": case.p.remoteCloseCode,
        "reason": case.p.remoteCloseReason,
        "description": " ".join(case.DESCRIPTION.split("<")[0].split()),
        "milliseconds": round((time.monotonic() - started) * 1000),
    }


def case_id(case_class):
    return ".".join(case_class.__name__[len("Case") :].split("_"))


def chosen(cases, wanted, excluded):
    def is_in(name, patterns):
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)

    return [each for each in cases if is_in(case_id(each), wanted) and not is_in(case_id(each), excluded)]


async def main(url, cases, exclude=(), concurrency=1, headers=None):
    waiting = chosen(load_cases().Cases, cases, exclude)
    places = asyncio.Semaphore(concurrency)

    async def run_one(case_class):
        async with places:
            result = await run_case(case_class, url, headers or {})
            print(json.dumps(result), flush=True)

    await asyncio.gather(*map(run_one, waiting))


asyncio.run(main(sys.argv[1], **json.loads(sys.argv[2])))
