"""python-socketio's client for asyncio: see ../javascript.mjs for what a program prints."""

import asyncio
import os
import sys
import time

import socketio

from support import PATIENCE, VALUE, options, print_line, same

url, transports = options()


def new_client():
    return socketio.AsyncClient(reconnection_delay=0.1, reconnection_delay_max=0.5)


async def main():
    client = new_client()
    connections = asyncio.Semaphore(0)
    disconnections = asyncio.Semaphore(0)
    repeated = []
    ticks = []
    client.on("connect", lambda: connections.release())
    client.on("disconnect", lambda *_: disconnections.release())
    client.on("question", lambda number: number + 22)
    client.on("repeated", lambda value: repeated.append(value))
    client.on("tick", lambda number: ticks.append(number))

    async def until(condition, what):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError("waited for " + what)
            await asyncio.sleep(0.01)

    def ask(event, *args):
        return client.call(event, args, timeout=PATIENCE)

    async def connect():
        await client.connect(url, transports=transports, wait_timeout=PATIENCE)
        if transports is None:
            await until(lambda: client.transport() == "websocket", "the upgrade")

    async def connect_private(token):
        other = new_client()
        reasons = []
        other.on("connect_error", lambda data: reasons.append(data), namespace="/private")
        try:
            await other.connect(
                url, auth={"token": token}, namespaces=["/private"], transports=transports, wait_timeout=PATIENCE
            )
            return await other.call("sum", (1, 2), namespace="/private", timeout=PATIENCE)
        except socketio.exceptions.ConnectionError:
            return reasons
        finally:
            await other.disconnect()

    async def refuse():
        same(await connect_private("wrong"), [{"message": "not allowed", "data": {"code": 7}}])

    async def allow():
        same(await connect_private("secret"), 3)

    async def acks():
        same(await ask("sum", 40, 2), 42)
        same(await ask("ask"), 42)

    async def binary():
        same(await ask("echo", VALUE), VALUE)
        await client.emit("repeat", VALUE)
        await until(lambda: repeated, "the event")
        same(repeated[0], VALUE)

    async def burst():
        for i in range(1000):
            await client.emit("count", i)
        same(await ask("total"), 1000)
        await client.emit("ticks", 1000)
        await until(lambda: len(ticks) == 1000, "1000 events")
        same(ticks, list(range(1000)))

    async def kick():
        other = new_client()
        gone = asyncio.Event()
        other.on("disconnect", lambda *_: gone.set())
        await other.connect(url, transports=transports, wait_timeout=PATIENCE)
        await other.emit("kick")
        await asyncio.wait_for(gone.wait(), PATIENCE)
        await asyncio.sleep(0.7)
        same(other.connected, False)

    async def comes_back(want):
        while not connections.locked():
            await connections.acquire()
        while not disconnections.locked():
            await disconnections.acquire()
        print_line(want=want)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        await asyncio.wait_for(disconnections.acquire(), PATIENCE)
        await asyncio.wait_for(connections.acquire(), PATIENCE)
        await until(lambda: client.connected and "/" in client.namespaces, "the namespace")
        same(await ask("sum", 20, 3), 23)

    async def check(name, run, *args):
        started = time.monotonic()
        try:
            await run(*args)
            print_line(check=name, ok=True, ms=round((time.monotonic() - started) * 1000))
        except Exception as error:
            print_line(check=name, ok=False, detail="%s: %s" % (type(error).__name__, error))

    for run in (connect, refuse, allow, acks, binary, burst, kick):
        await check(run.__name__, run)
    await check("restart", comes_back, "crash")
    await check("shutdown", comes_back, "shutdown")


asyncio.run(main())
os._exit(0)
