"""`stagedUploadsCreate`: where a file may be put, and what must come with it (parameters in the live order)."""

import base64
import secrets
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.clock import stamp
from cratejoy_sandbox.shopify.errors import user_error
from cratejoy_sandbox.shopify.registry import Args, Entity, Payload, mutation, tables
from cratejoy_sandbox.shopify.roots import denied
from cratejoy_sandbox.shopify.shop.roots import SHOP_ID

LIVES = {"PUT": 604_800, "POST": 86_400}
"""Seconds that a target is good, by method (X-Goog-Expires, and the expiration of the policy, of live targets)."""
LARGEST = 104_857_600
"""Bytes that the policy of a POST target allows, and that a bulk mutation may have (seen live)."""
BUCKET = "shopify-staged-uploads"
SIGNER = "merchant-assets@shopify-tiers.iam.gserviceaccount.com"
FOLDERS = {
    "BULK_MUTATION_VARIABLES": "bulk",
    "URL_REDIRECT_IMPORT": "redirect_imports",
    "RETURN_LABEL": "return_labels",
    "DISPUTE_FILE_UPLOAD": "payments_file_uploads",
    "IMAGE": "products",
    "PRODUCT_IMAGE": "products",
    "COLLECTION_IMAGE": "collections",
}
BARE = {"BULK_MUTATION_VARIABLES", "URL_REDIRECT_IMPORT"}
"""Resources whose `resourceUrl` is the url itself."""
SIZED = {"VIDEO": "video", "MODEL_3D": "3D model"}
PICTURES = {"IMAGE", "PRODUCT_IMAGE", "COLLECTION_IMAGE"}
tables(
    """
    CREATE TABLE IF NOT EXISTS bulk_uploads (
        key TEXT PRIMARY KEY, method TEXT, fields BLOB, made REAL, file TEXT, size INTEGER, etag TEXT);
    """
)


@mutation("stagedUploadsCreate")
def staged_uploads_create(call: Call, args: Args) -> Payload:
    """One target for each file; a file that is refused gets an empty one."""
    if any(wanted["resource"] == "SHOP_IMAGE" for wanted in args["input"]):
        raise denied("stagedUploadsCreate")
    problems = [_problem(wanted, place) for place, wanted in enumerate(args["input"])]
    nothing: Entity = {"url": None, "resourceUrl": None, "parameters": []}
    targets = [
        nothing if problem else _target(call, wanted) for wanted, problem in zip(args["input"], problems, strict=True)
    ]
    return Payload(stagedTargets=targets, userErrors=[problem for problem in problems if problem])


def _problem(wanted: Entity, place: int) -> Entity | None:
    sized = SIZED.get(wanted["resource"])
    if sized and wanted.get("fileSize") is None:
        return user_error(["input", str(place), "fileSize"], f"file size is required for {sized} resources")
    if wanted["resource"] in PICTURES and not wanted["mimeType"].startswith("image/"):
        text = f"{wanted['filename']}: ({wanted['mimeType']}) is not a recognized format"
        return user_error(["input", str(place), "mimeType"], text)
    return None


def _target(call: Call, wanted: Entity) -> Entity:
    """A signed target, remembered until it expires."""
    folder = FOLDERS.get(wanted["resource"], "files")
    key = f"tmp/{SHOP_ID}/{folder}/{uuid.uuid4()}/{wanted['filename']}"
    build = _put if wanted["httpMethod"] == "PUT" else _sized_post if wanted["resource"] in SIZED else _post
    url, fields, parameters = build(call.simulator.base_url, key, wanted["mimeType"])
    row = (key, wanted["httpMethod"], orjson.dumps(fields), time.time())
    call.store.execute("INSERT INTO bulk_uploads VALUES (?, ?, ?, ?, NULL, NULL, NULL)", row)
    resource = url if wanted["resource"] in BARE else f"{call.simulator.base_url}/{key}"
    listed = [{"name": name, "value": value} for name, value in parameters.items()]
    return {"url": url, "resourceUrl": resource, "parameters": listed}


def _signed() -> dict[str, str]:
    now = datetime.now(UTC)
    return {
        "x-goog-date": now.strftime("%Y%m%dT%H%M%SZ"),
        "x-goog-credential": f"{SIGNER}/{now:%Y%m%d}/auto/storage/goog4_request",
        "x-goog-algorithm": "GOOG4-RSA-SHA256",
    }


def _post(base: str, key: str, mime: str) -> tuple[str, dict[str, str], dict[str, str]]:
    """Address, what the form must hold, and the parameters as they are listed."""
    fields = {"Content-Type": mime, "success_action_status": "201", "acl": "private", "key": key, **_signed()}
    policy = _policy(fields)
    fields |= {"x-goog-signature": secrets.token_hex(256), "policy": policy}
    return f"{base}/staged-uploads/", fields, fields


def _sized_post(base: str, key: str, _: str) -> tuple[str, dict[str, str], dict[str, str]]:
    """The older form of videos and 3D models: four parameters (recorded live answers)."""
    fields = {"GoogleAccessId": SIGNER, "key": key}
    fields |= {"policy": _policy({}), "signature": secrets.token_hex(256)}
    return f"{base}/staged-uploads/", fields, fields


def _policy(fields: dict[str, str]) -> str:
    plain = [{name: value} for name, value in fields.items()]
    conditions = [*plain[:3], ["content-length-range", 1, LARGEST], {"bucket": BUCKET}, *plain[3:]]
    until = stamp(datetime.now(UTC) + timedelta(seconds=LIVES["POST"]))
    return base64.b64encode(orjson.dumps({"conditions": conditions, "expiration": until})).decode()


def _put(base: str, key: str, mime: str) -> tuple[str, dict[str, str], dict[str, str]]:
    """Address, what its query must hold, and the parameters as they are listed."""
    signed = {"-".join(part.title() for part in name.split("-")): value for name, value in _signed().items()}
    order = ("X-Goog-Algorithm", "X-Goog-Credential", "X-Goog-Date")
    asked: dict[str, Any] = {name: signed[name] for name in order}
    asked |= {"X-Goog-Expires": str(LIVES["PUT"]), "X-Goog-SignedHeaders": "host"}
    asked["X-Goog-Signature"] = secrets.token_hex(256)
    return f"{base}/{quote(key)}?{urlencode(asked)}", asked, {"content_type": mime, "acl": "private"}
