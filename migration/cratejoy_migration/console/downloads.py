"""The files that people take with them, sent from the folder of reports as they lie there."""

from __future__ import annotations

import streamlit as st
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from cratejoy_migration.console import place
from cratejoy_migration.console.access import gate, headers
from cratejoy_migration.console.access.trail import Notes
from cratejoy_migration.console.views import certificate, forecast, reports

FOLDER = "/files/"
"""The address of a file is this and its name."""
_MIMES = {forecast.FIX_LIST: "text/csv", certificate.HTML: "text/html", certificate.JSON: "application/json"}
_GONE = "This file is not in the folder of reports any more.\n"


def button(label: str, name: str, *, about: str | None = None) -> None:
    """Show a button that downloads a file.

    Not Streamlit's own: it copies the file into memory whenever the page is shown, and its manager of files lets go of
    the copy while the page is computed anew, if another session ends at that moment.
    """
    st.link_button(label, FOLDER + name, help=about)


def routes(notes: Notes) -> list[Route]:
    """Return the route that sends the files; whoever was sent one is noted in the trail."""

    async def send(request: Request) -> Response:
        name = request.path_params["name"]
        path = reports.folder(place.project()) / name
        if name not in _MIMES or not path.is_file():
            raise HTTPException(404, _GONE, headers.NOT_KEPT)
        if request.method == "GET":
            notes.note(gate.name_of(request), f"downloaded {name}")
        return FileResponse(path, headers=headers.NOT_KEPT, media_type=_MIMES[name], filename=name)

    return [Route(f"{FOLDER}{{name}}", send, methods=["GET"])]
