"""Reading messages: what is broken is told by its line, what is odd is read, time goes on while the tap is silent."""

from __future__ import annotations

import io
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from target_shopify.errors import InputDamaged, Interrupted
from target_shopify.messages import TickingReader

from .harness import LocalShop, Runner, customer, metafields, singer

RECORD = '{"type": "RECORD", "stream": "customers", "record": %s}\n'


def read(text: str, tmp_path: Path) -> list[dict[str, Any]]:
    """Return all messages of a file."""
    found: list[dict[str, Any]] = []
    path = tmp_path / "input.jsonl"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with path.open() as file:
        TickingReader().process_lines(file, dict.fromkeys(("SCHEMA", "RECORD", "STATE"), found.append))
    return found


def test_blank_lines_are_nothing(tmp_path: Path) -> None:
    text = f"\n  \n{RECORD % '{}'}\n\r\n\t\n{RECORD % '{}'}\n"

    assert len(read(text, tmp_path)) == 2


def test_a_last_line_without_an_end_is_read(tmp_path: Path) -> None:
    assert len(read((RECORD % "{}") * 2, tmp_path)) == 2
    assert len(read(((RECORD % "{}") * 2).rstrip("\n"), tmp_path)) == 2


def test_a_message_larger_than_a_pipe_is_read_whole(tmp_path: Path) -> None:
    [message] = read(RECORD % ('{"note": "' + "x" * 3_000_000 + '"}'), tmp_path)

    assert len(message["record"]["note"]) == 3_000_000


def test_integers_of_64_bits_are_read_exactly(tmp_path: Path) -> None:
    [message] = read(RECORD % '{"id": 18446744073709551615, "least": -9223372036854775808}', tmp_path)

    assert message["record"] == {"id": 18446744073709551615, "least": -9223372036854775808}


def test_larger_integers_are_no_broken_line(tmp_path: Path) -> None:
    [message] = read(RECORD % '{"id": 123456789012345678901234567890}', tmp_path)

    assert message["record"]["id"] == pytest.approx(123456789012345678901234567890)


@pytest.mark.parametrize(
    "line",
    [
        "not JSON", "[]", "5", "{}", '{"type": "RECORD"}', '{"type": "RECORD", "stream": "customers", "record": [1]}',
        '{"type": "RECORD", "stream": "customers", "record": {"id"', '{"type": "STATE"}',
        '{"type": "STATE", "value": 1}', '{"type": "SCHEMA", "stream": "customers"}', '{"type": 7}',
        '{"type": "NOTHING"}', '{"type": "ACTIVATE_VERSION"}', "\x00", "[" * 200_000,
    ],
)  # fmt: skip
def test_a_line_that_is_no_message_is_told_by_its_number(line: str, tmp_path: Path) -> None:
    with pytest.raises(InputDamaged, match=r"^Line 3 of the input is not a Singer message"):
        read(f"{RECORD % '{}'}\n{RECORD % '{}'}{line}\n{RECORD % '{}'}", tmp_path)


def test_a_stream_without_a_descriptor_is_read_too() -> None:
    found: list[dict[str, Any]] = []
    TickingReader().process_lines(io.StringIO(f"\n{RECORD % '{}'}"), {"RECORD": found.append})

    assert len(found) == 1


def test_a_closed_standard_input_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)

    with pytest.raises(InputDamaged, match="Standard input is closed"):
        TickingReader().process_lines(None, {})


def test_the_clock_ticks_while_the_tap_is_silent() -> None:
    ticks: list[float] = []
    end, start = os.pipe()
    threading.Timer(0.6, os.close, (start,)).start()
    with os.fdopen(end) as file:
        TickingReader(lambda: ticks.append(time.monotonic())).process_lines(file, {})

    assert len(ticks) >= 5


def test_what_a_tick_raises_ends_the_reading_of_a_silent_tap() -> None:
    def tick() -> None:
        raise Interrupted(15)

    end, start = os.pipe()
    try:
        with os.fdopen(end) as file, pytest.raises(Interrupted):
            TickingReader(tick).process_lines(file, {})
    finally:
        os.close(start)


def test_what_came_before_a_broken_line_is_settled(shop: LocalShop, target: Runner) -> None:
    text = singer([customer(number) for number in range(1, 6)]) + '{"type": "RECORD", "str'

    told = target.run_text(text)

    assert told.status == 1
    assert "Line 8 of the input" in told.stderr
    assert told.states == [{"read": 5}]
    assert len(shop.customers()) == 5


def test_a_record_before_its_schema_is_told_in_one_sentence(shop: LocalShop, target: Runner) -> None:
    unknown = RECORD.replace("customers", "orders") % '{"id": 1}'

    told = target.run_text(singer([customer(number) for number in range(1, 6)]) + unknown)

    assert told.status == 1
    assert told.stderr.count("target-shopify: ") == 1
    assert "A record of stream orders came before its SCHEMA message" in told.stderr
    assert told.states == [{"read": 5}]
    assert len(shop.customers()) == 5


@pytest.mark.parametrize("lane", ["direct", "auto"])
def test_records_that_json_libraries_stumble_over_are_carried_or_accounted_for(
    lane: str, shop: LocalShop, target: Runner, ledger_url: str, tmp_path: Path
) -> None:
    first, second, third = customer(1), customer(2), customer(3)
    lines = singer([first, second, third]).splitlines()
    odd = [
        lines[0],
        lines[1].replace('"Marsh1"', '"Marsh\\ud83d1\\u0000"').replace('"note": null', '"note": "half a \\udc00 pair"'),
        lines[2].replace('"num_orders": 2', '"num_orders": 123456789012345678901234567890'),
        lines[3].replace('"num_orders": 2', '"num_orders": NaN'),
        RECORD.strip() % '{"id": 123456789012345678901234567890, "email": "big@example.com"}',
        RECORD.strip() % '{"id": null, "note": "\\ud83d", "num_orders": 123456789012345678901234567890}',
        '{"type": "STATE", "value": {"read": 5}}',
    ]

    told = target.run_text("\n".join(odd) + "\n", lane=lane, ledger_url=ledger_url, report_dir=str(tmp_path / "report"))

    assert told.status == 0, told.stderr
    assert told.states == [{"read": 5}]
    made = {metafields(one)["customer_id"]: one for one in shop.customers()}
    assert {"7101000001", "7101000002", "7101000003"} <= made.keys()
    assert made["7101000001"]["lastName"] == "Marsh1"
    refused = (tmp_path / "report" / "refused.jsonl").read_text().splitlines()
    assert len(refused) + len(made) == 5
    assert all('"reason":"no_id"' in line for line in refused)
