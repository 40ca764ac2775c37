"""Serve an application on loopback: the port as the first line, and an end with the parent or a signal."""

import json
import logging
import os
import socket
import sys
import threading
import time
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

from cratejoy_sandbox.cratejoy.connections import Connections

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Serving:
    """How to serve."""

    port: int
    log: bool = False
    exit_with_parent: bool = False


def bind(port: int) -> socket.socket:
    """A listening socket on loopback; port 0 takes any free one."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(256)
    return listener


def serve(app: ASGIApp, listener: socket.socket, connections: Connections, serving: Serving) -> None:
    """Announce the port and serve until a signal, or until the parent is gone."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO if serving.log else logging.CRITICAL)
    config = uvicorn.Config(
        app,
        http=connections.protocol(),
        log_config=None,
        access_log=serving.log,
        lifespan="off",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=60,
    )
    server = uvicorn.Server(config)
    if serving.exit_with_parent:
        threading.Thread(target=_end_with_parent, args=(server, os.getppid()), daemon=True).start()
    sys.stdout.write(json.dumps({"port": listener.getsockname()[1]}) + "\n")
    sys.stdout.flush()
    server.run(sockets=[listener])


def _end_with_parent(server: uvicorn.Server, parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    server.should_exit = True
