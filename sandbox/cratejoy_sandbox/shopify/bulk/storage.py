"""The storage that staged uploads go to: a form by POST, or the bare bytes by PUT; straight to disk."""

import hashlib
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from cratejoy_sandbox.cratejoy.faults.grammar import Visit
from cratejoy_sandbox.shopify.app import ROUTES
from cratejoy_sandbox.shopify.bulk.form import Form, FormError
from cratejoy_sandbox.shopify.bulk.targets import BUCKET, LARGEST, LIVES
from cratejoy_sandbox.shopify.faults.bulk import UPLOAD

if TYPE_CHECKING:
    from cratejoy_sandbox.shopify.simulator import Simulator

CHECKED = ("policy", "x-goog-signature", "key", "acl", "success_action_status", "Content-Type")
XML = "<?xml version='1.0' encoding='UTF-8'?>"
STATUS = {
    "AccessDenied": 403,
    "SignatureDoesNotMatch": 403,
    "ExpiredToken": 400,
    "EntityTooLarge": 400,
    "EntityTooSmall": 400,
    "InvalidArgument": 400,
    "InvalidPolicyDocument": 400,
    "ServiceUnavailable": 503,
}


class Refusal(Exception):
    """An upload that the storage does not take: code and message of its XML."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


async def upload_form(request: Request) -> Response:
    """A multipart form whose last field is the file; 201 with XML."""
    return await _stored(request, _take_form)


async def upload_bytes(request: Request) -> Response:
    """The bare file, at a signed address; 200 without a body."""
    return await _stored(request, _take_bytes)


ROUTES += [
    Route("/staged-uploads/", upload_form, methods=["POST"]),
    Route("/tmp/{key:path}", upload_bytes, methods=["PUT"]),  # noqa: S108 - a key of the storage begins so
]


def xml_error(code: str, message: str, status: int | None = None) -> Response:
    """An error in the storage's own form."""
    body = f"{XML}<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return Response(body, status or STATUS[code], media_type="application/xml; charset=UTF-8")


async def _stored(request: Request, take: Any) -> Response:
    simulator: Simulator = request.app.state.simulator
    hits = simulator.faults.hits(Visit("upload", operations=["upload"], at=UPLOAD))
    path = simulator.store.folder / f"upload-{uuid.uuid4().hex}"
    try:
        if "upload_refused" in hits:
            async for _ in request.stream():
                pass
            return xml_error("ServiceUnavailable", "Please try again.", hits["upload_refused"]["status"])
        response: Response = await take(request, simulator, path)
    except Refusal as refusal:
        path.unlink(missing_ok=True)
        return xml_error(refusal.code, refusal.message)
    except ClientDisconnect:
        path.unlink(missing_ok=True)
        return Response(status_code=400)
    return response


async def _take_form(request: Request, simulator: "Simulator", path: Path) -> Response:
    form = Form(request.headers.get("content-type", ""))
    try:
        size, etag = await _write(path, form.file(request.stream()))
    except FormError as error:
        raise Refusal("InvalidArgument", str(error)) from None
    key = form.fields.get("key", "")
    _check(simulator, key, "POST", {name: form.fields.get(name) for name in CHECKED})
    if not 1 <= size <= LARGEST:
        code = "EntityTooLarge" if size else "EntityTooSmall"
        raise Refusal(code, "Your proposed upload does not match the content-length-range of the policy.")
    _keep(simulator, key, path, size, etag)
    return _created(key, etag)


async def _take_bytes(request: Request, simulator: "Simulator", path: Path) -> Response:
    key = f"tmp/{request.path_params['key']}"
    _check(simulator, key, "PUT", dict(request.query_params))
    size, etag = await _write(path, request.stream())
    _keep(simulator, key, path, size, etag)
    return Response(status_code=200, headers={"ETag": f'"{etag}"'})


def _check(simulator: "Simulator", key: str, method: str, given: dict[str, Any]) -> None:
    """Refuse what was not signed, or not for this, or too long ago."""
    sql = "SELECT fields, made FROM bulk_uploads WHERE key = ? AND method = ?"
    row = simulator.store.execute(sql, (key, method)).fetchone()
    if row is None:
        raise Refusal("AccessDenied", "Access denied.")
    fields = orjson.loads(row[0])
    wrong = [name for name, value in fields.items() if name in given and given[name] != value]
    if wrong or ("X-Goog-Signature" in fields and "X-Goog-Signature" not in given):
        name = wrong[0] if wrong else "X-Goog-Signature"
        raise Refusal("SignatureDoesNotMatch" if method == "PUT" else "AccessDenied", f"Invalid or missing: {name}.")
    if (time.time() - row[1]) * simulator.clock.scale > LIVES[method]:
        raise Refusal("ExpiredToken" if method == "PUT" else "InvalidPolicyDocument", "The signature has expired.")


async def _write(path: Path, chunks: AsyncIterator[bytes]) -> tuple[int, str]:
    """Write to disk as it comes; size and MD5."""
    size, digest = 0, hashlib.md5(usedforsecurity=False)
    with path.open("wb") as file:
        async for chunk in chunks:
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()


def _keep(simulator: "Simulator", key: str, path: Path, size: int, etag: str) -> None:
    """Make the file the object of its key, in place of one that was there."""
    store = simulator.store
    before = store.execute("SELECT file FROM bulk_uploads WHERE key = ?", (key,)).fetchone()
    with store.transaction():
        values = (path.name, size, etag, key)
        store.execute("UPDATE bulk_uploads SET file = ?, size = ?, etag = ? WHERE key = ?", values)
    if before and before[0]:
        (store.folder / before[0]).unlink(missing_ok=True)


def _created(key: str, etag: str) -> Response:
    place = f"https://storage.googleapis.com/{BUCKET}/{escape(key)}"
    body = (
        f"{XML}<PostResponse><Location>{place}</Location><Bucket>{BUCKET}</Bucket><Key>{escape(key)}</Key>"
        f'<ETag>"{etag}"</ETag></PostResponse>'
    )
    return Response(body, 201, media_type="application/xml; charset=UTF-8")
