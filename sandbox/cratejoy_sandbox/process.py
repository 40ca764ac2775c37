"""Serve an application on loopback: the port as the first line, and an end with the parent or a signal."""

import json
import logging
import os
import signal
import socket
import sys
import threading
import time

import uvicorn
from starlette.types import ASGIApp

from cratejoy_sandbox.cratejoy.connections import Connections

HOST = "127.0.0.1"


def bind(port: int) -> socket.socket:
    """A listening socket on loopback; port 0 takes any free one.

    The protocol is named because asyncio sends small answers without delay only then.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(256)
    return listener


def serve(
    app: ASGIApp, listener: socket.socket, connections: Connections, *, log: bool, lifespan: bool = False
) -> None:
    """Announce the port and serve until a signal, which is a clean end; `lifespan` tells the application of both."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO if log else logging.CRITICAL)
    config = uvicorn.Config(
        app,
        http=connections.protocol(),
        log_config=None,
        access_log=log,
        lifespan="on" if lifespan else "off",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=60,
    )
    server = uvicorn.Server(config)

    def end(_number: int, _frame: object) -> None:
        server.should_exit = True

    # The server listens to these itself while it runs; this is for one that comes just before, and for its echo after.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    sys.stdout.write(json.dumps({"port": listener.getsockname()[1]}) + "\n")
    sys.stdout.flush()
    server.run(sockets=[listener])


def end_with_parent() -> None:
    """End this process, as by SIGTERM, when the one that started it is gone."""
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
