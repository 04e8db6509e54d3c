"""python-socketio's synchronous client: see ../javascript.mjs for what a program prints."""

import os
import sys
import threading
import time

import socketio

from support import PATIENCE, VALUE, options, print_line, same

url, transports = options()
connections = threading.Semaphore(0)
disconnections = threading.Semaphore(0)
repeated = []
ticks = []


def new_client():
    return socketio.Client(reconnection_delay=0.1, reconnection_delay_max=0.5)


client = new_client()
client.on("connect", lambda: connections.release())
client.on("disconnect", lambda *_: disconnections.release())
client.on("question", lambda number: number + 22)
client.on("repeated", lambda value: repeated.append(value))
client.on("tick", lambda number: ticks.append(number))


def until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("waited for " + what)
        time.sleep(0.01)


def ask(event, *args):
    return client.call(event, args, timeout=PATIENCE)


def connect():
    client.connect(url, transports=transports, wait_timeout=PATIENCE)
    if transports is None:
        until(lambda: client.transport() == "websocket", "the upgrade")


def connect_private(token):
    other = new_client()
    reasons = []
    other.on("connect_error", lambda data: reasons.append(data), namespace="/private")
    try:
        other.connect(url, auth={"token": token}, namespaces=["/private"], transports=transports, wait_timeout=PATIENCE)
        return other.call("sum", (1, 2), namespace="/private", timeout=PATIENCE)
    except socketio.exceptions.ConnectionError:
        return reasons
    finally:
        other.disconnect()


def binary():
    same(ask("echo", VALUE), VALUE)
    client.emit("repeat", VALUE)
    until(lambda: repeated, "the event")
    same(repeated[0], VALUE)


def acks():
    same(ask("sum", 40, 2), 42)
    same(ask("ask"), 42)


def burst():
    for i in range(1000):
        client.emit("count", i)
    same(ask("total"), 1000)
    client.emit("ticks", 1000)
    until(lambda: len(ticks) == 1000, "1000 events")
    # Handlers run in threads of their own, so their order is not that of arrival.
    same(sorted(ticks), list(range(1000)))


def kick():
    other = new_client()
    gone = threading.Event()
    other.on("disconnect", lambda *_: gone.set())
    other.connect(url, transports=transports, wait_timeout=PATIENCE)
    other.emit("kick")
    if not gone.wait(PATIENCE):
        raise AssertionError("waited for the disconnect")
    time.sleep(0.7)
    same(other.connected, False)


def comes_back(want):
    while connections.acquire(blocking=False) or disconnections.acquire(blocking=False):
        pass
    print_line(want=want)
    sys.stdin.readline()
    if not disconnections.acquire(timeout=PATIENCE):
        raise AssertionError("waited for the disconnect")
    if not connections.acquire(timeout=PATIENCE):
        raise AssertionError("waited for the connection")
    until(lambda: client.connected and "/" in client.namespaces, "the namespace")
    same(ask("sum", 20, 3), 23)


def check(name, run, *args):
    started = time.monotonic()
    try:
        run(*args)
        print_line(check=name, ok=True, ms=round((time.monotonic() - started) * 1000))
    except Exception as error:
        print_line(check=name, ok=False, detail="%s: %s" % (type(error).__name__, error))


check("connect", connect)
check("refuse", lambda: same(connect_private("wrong"), [{"message": "not allowed", "data": {"code": 7}}]))
check("allow", lambda: same(connect_private("secret"), 3))
check("acks", acks)
check("binary", binary)
check("burst", burst)
check("kick", kick)
check("restart", comes_back, "crash")
check("shutdown", comes_back, "shutdown")
os._exit(0)
