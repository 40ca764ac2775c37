"""Staged uploads: targets, and the storage that they lead to."""

from pathlib import Path
from typing import Any

import requests

TARGETS = """mutation($i: [StagedUploadInput!]!) { stagedUploadsCreate(input: $i) {
    stagedTargets { url resourceUrl parameters { name value } } userErrors { field message } } }"""
IN_ORDER = [
    "Content-Type",
    "success_action_status",
    "acl",
    "key",
    "x-goog-date",
    "x-goog-credential",
    "x-goog-algorithm",
    "x-goog-signature",
    "policy",
]


def form(target: dict[str, Any], content: Any, **changed: str) -> list[tuple[str, Any]]:
    fields = {item["name"]: item["value"] for item in target["parameters"]} | changed
    return [*((name, (None, value)) for name, value in fields.items()), ("file", ("lines.jsonl", content))]


def key_of(target: dict[str, Any]) -> str:
    return next(item["value"] for item in target["parameters"] if item["name"] == "key")


def test_a_post_target_lists_its_parameters_in_the_live_order(bulk: Any) -> None:
    target = bulk.target("POST")
    assert [item["name"] for item in target["parameters"]] == IN_ORDER
    assert target["resourceUrl"] == target["url"]


def test_a_put_target_has_two_parameters_and_a_signed_url_for_seven_days(bulk: Any) -> None:
    target = bulk.target("PUT")
    assert [item["name"] for item in target["parameters"]] == ["content_type", "acl"]
    assert "X-Goog-Expires=604800" in target["url"]


def test_a_form_is_answered_201_with_xml_that_names_the_key(bulk: Any) -> None:
    target = bulk.target("POST")
    response = requests.post(target["url"], files=form(target, b"{}\n"), timeout=20)
    assert response.status_code == 201
    assert f"<Key>{key_of(target)}</Key>" in response.text
    assert bulk.run(key_of(target))["userErrors"] == []


def test_bare_bytes_are_answered_200_without_a_body(bulk: Any) -> None:
    response = requests.put(bulk.target("PUT")["url"], data=b"{}\n", timeout=20)
    assert (response.status_code, response.text) == (200, "")


def test_fields_behind_the_file_do_not_count(bulk: Any) -> None:
    target = bulk.target("POST")
    *fields, file = form(target, b"{}\n")
    response = requests.post(target["url"], files=[file, *fields], timeout=20)
    assert response.status_code == 403
    assert bulk.run(key_of(target))["userErrors"][0]["code"] == "NO_SUCH_FILE"


def test_a_form_without_a_file_is_refused(bulk: Any) -> None:
    target = bulk.target("POST")
    response = requests.post(target["url"], files=form(target, b"")[:-1], timeout=20)
    assert response.status_code == 400
    assert "<Code>InvalidArgument</Code>" in response.text


def test_a_form_with_another_signature_is_refused(bulk: Any) -> None:
    target = bulk.target("POST")
    files = form(target, b"{}\n", **{"x-goog-signature": "00"})
    assert requests.post(target["url"], files=files, timeout=20).status_code == 403


def test_an_address_with_another_signature_is_refused(bulk: Any) -> None:
    url = bulk.target("PUT")["url"]
    assert requests.put(url[:-4] + "0000", data=b"{}\n", timeout=20).status_code == 403


def test_an_empty_form_is_outside_the_policy(bulk: Any) -> None:
    target = bulk.target("POST")
    assert "EntityTooSmall" in requests.post(target["url"], files=form(target, b""), timeout=20).text


def test_a_file_of_more_than_100_mb_is_stored_without_filling_memory_and_refused_by_the_run(
    launch_shop: Any, bulk_in: Any
) -> None:
    with launch_shop() as shop:
        bulk = bulk_in(shop)
        chunk = b'{"input":{"firstName":"' + b"x" * 1_048_551 + b'"}}'
        path = bulk.upload(chunk for _ in range(101))
        assert bulk.run(path)["userErrors"] == [
            {
                "field": None,
                "message": "The input file size exceeds the maximum allowed size of 100 MB.",
                "code": "INVALID_STAGED_UPLOAD_FILE",
            }
        ]
        status = Path(f"/proc/{shop.process.pid}/status").read_text(encoding="ascii")
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        assert int(peak.split()[1]) < 150_000


def test_a_target_expires_after_seven_days(launch_shop: Any, bulk_in: Any) -> None:
    with launch_shop("--time-scale", "10000000") as shop:
        bulk = bulk_in(shop)
        url = bulk.target("PUT")["url"]
        for _ in range(8):
            bulk.target("PUT")
        assert "ExpiredToken" in wait_for_expiry(url)


def wait_for_expiry(url: str) -> str:
    for _ in range(100):
        text = requests.put(url, data=b"{}", timeout=20).text
        if text:
            return text
    return ""


def test_other_resources_are_checked(shop: Any) -> None:
    wanted = [
        {"resource": "VIDEO", "filename": "a.mp4", "mimeType": "video/mp4"},
        {"resource": "IMAGE", "filename": "a.exe", "mimeType": "application/x-msdownload"},
    ]
    made = shop.data(TARGETS, {"i": wanted})["stagedUploadsCreate"]
    assert made["stagedTargets"] == [{"url": None, "resourceUrl": None, "parameters": []}] * 2
    assert made["userErrors"] == [
        {"field": ["input", "0", "fileSize"], "message": "file size is required for video resources"},
        {
            "field": ["input", "1", "mimeType"],
            "message": "a.exe: (application/x-msdownload) is not a recognized format",
        },
    ]
