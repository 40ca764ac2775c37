"""`scripts/schema`: write the reduced schema from Shopify's package, or check the committed one against it.

Kept are the roots named in `roots.py` and, whole and unchanged, every type they reach; descriptions go. What
is left out is remembered by name, so that the simulator can tell "not modelled here" from "not in Shopify".
"""

import gzip
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from cratejoy_sandbox.shopify.schema.package import VERSIONS, WrongPackage, fetch, read
from cratejoy_sandbox.shopify.schema.prove import differences
from cratejoy_sandbox.shopify.schema.roots import KEPT
from cratejoy_sandbox.shopify.schema.sdl import printed

FOLDER = Path(__file__).parent
BUILT_IN = {"String", "Int", "Float", "Boolean", "ID"}


def sdl_path(version: str) -> Path:
    """File with the schema of a version."""
    return FOLDER / f"admin_{version}.graphql.gz"


def notes_path(version: str) -> Path:
    """File with required access, and with the names of what is left out."""
    return FOLDER / f"admin_{version}.notes.json.gz"


def reduced(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The kept types by name, the two root types with the kept fields only."""
    types = {kind["name"]: _kept_fields(kind) for kind in document["data"]["__schema"]["types"]}
    reached: dict[str, dict[str, Any]] = {}
    todo = list(KEPT)
    while todo:
        name = todo.pop()
        if name in reached:
            continue
        reached[name] = types[name]
        todo += _reaches(types[name])
    return {name: reached[name] for name in sorted(reached) if name not in BUILT_IN}


def notes(document: dict[str, Any], kept: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Required access of kept types and fields, names of countries, and the names of what is left out."""
    types = {kind["name"]: kind for kind in document["data"]["__schema"]["types"]}
    access = {}
    for item in document["offline_scopes"]["items"]:
        name = item["typeName"]
        if name in kept and item["requiredAccess"]:
            key = f"{name}.{item['fieldName']}" if item["type"] == "field" else name
            access[key] = [item["requiredAccess"], item["offlineScopes"]]
    roots = {name: sorted({field["name"] for field in types[name]["fields"]} - KEPT[name]) for name in KEPT}
    others = sorted(set(types) - set(kept) - BUILT_IN)
    countries = {item["name"]: item["description"].rstrip(".") for item in types["CountryCode"]["enumValues"]}
    return {"access": dict(sorted(access.items())), "countries": countries, "roots": roots, "types": others}


def files(document: dict[str, Any], version: str) -> dict[Path, bytes]:
    """What the files of a version hold, not yet compressed."""
    kept = reduced(document)
    directives = document["data"]["__schema"]["directives"]
    remarks = json.dumps(notes(document, kept), indent=0, ensure_ascii=False, sort_keys=True)
    return {sdl_path(version): printed(kept, directives).encode(), notes_path(version): remarks.encode()}


def main(arguments: list[str]) -> int:
    """Write, or with `--check` compare; the exit status says whether all is well."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            archive = fetch(Path(folder))
            documents = {version: read(archive, version) for version in VERSIONS}
    except WrongPackage as error:
        return _say(str(error))
    wrong = check(documents) if arguments == ["--check"] else write(documents)
    return _say("\n".join(wrong)) if wrong else 0


def write(documents: dict[str, dict[str, Any]]) -> list[str]:
    """Write the files of every version."""
    for version, document in documents.items():
        for path, content in files(document, version).items():
            path.write_bytes(gzip.compress(content, 9, mtime=0))
    return []


def check(documents: dict[str, dict[str, Any]]) -> list[str]:
    """What in the committed files differs from the package; empty when they agree."""
    wrong = []
    for version, document in documents.items():
        for path, content in files(document, version).items():
            if gzip.decompress(path.read_bytes()) != content:
                wrong.append(f"{path.name} is not what scripts/schema writes now")
        text = gzip.decompress(sdl_path(version).read_bytes()).decode()
        wrong += [f"{version}: {line}" for line in differences(text, document["data"]["__schema"])]
    return wrong


def _kept_fields(kind: dict[str, Any]) -> dict[str, Any]:
    if kind["name"] not in KEPT:
        return kind
    return {**kind, "fields": [field for field in kind["fields"] if field["name"] in KEPT[kind["name"]]]}


def _reaches(kind: dict[str, Any]) -> list[str]:
    fields = kind["fields"] or []
    inputs = [*(kind["inputFields"] or []), *(argument for field in fields for argument in field["args"])]
    unions = kind["possibleTypes"] or [] if kind["kind"] == "UNION" else []
    interfaces = [interface["name"] for interface in kind["interfaces"] or []]
    return [*(_named(item["type"]) for item in (*fields, *inputs)), *interfaces, *(kind["name"] for kind in unions)]


def _named(reference: dict[str, Any]) -> str:
    while reference["ofType"]:
        reference = reference["ofType"]
    return str(reference["name"])


def _say(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
