"""The command line as a user meets it: flags, the environment, and one sentence for every mistake."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from target_shopify.settings import CONFIG_SCHEMA, number_or_switch

from .harness import BIN, TOKEN, LocalShop, Runner, Told, command_line, customer, metafields, singer


def fails(*words: str, config: dict[str, Any] | None = None, text: str = "", folder: Path) -> Told:
    """Run with these settings; see one sentence with these words."""
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "input.jsonl").write_text(text)
    told = command_line("--config", str(folder / "config.json"), "--input", str(folder / "input.jsonl"))
    said = [line for line in told.stderr.splitlines() if " | INFO " not in line]
    assert told.status == 1
    assert len(said) == 1, said
    assert said[0].startswith("target-shopify: ")
    for word in words:
        assert word in said[0]
    return told


def with_variables(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], folder: Path, text: str, *arguments: str
) -> Told:
    """Run in this folder with these variables set."""
    (folder / "input.jsonl").write_text(text)
    monkeypatch.chdir(folder)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return command_line(*arguments, "--config=ENV", "--input=input.jsonl")


def test_about_names_every_setting_of_the_contract() -> None:
    done = subprocess.run([BIN / "target-shopify", "--about", "--format=json"], capture_output=True, check=True)

    about = json.loads(done.stdout)
    assert {
        "shop", "access_token", "client_id", "client_secret", "api_url", "api_version", "tag_prefix",
        "metafield_namespace", "lane", "orders", "conflict", "update_policy", "currency", "default_country", "dry_run",
        "max_refusals", "ledger_url", "report_dir",
    } <= about["settings"]["properties"].keys()  # fmt: skip
    assert about["settings"]["required"] == ["shop"]


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_the_standard_flags_work_without_settings(flag: str) -> None:
    told = command_line(flag)

    assert told.status == 0
    assert "target-shopify" in told.stdout + told.stderr


def test_missing_settings_are_named(tmp_path: Path) -> None:
    fails("shop is missing (set TARGET_SHOPIFY_SHOP)", config={}, folder=tmp_path)
    fails("TARGET_SHOPIFY_ACCESS_TOKEN", config={"shop": "demo"}, folder=tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("shopp", "demo", "no setting shopp; did you mean shop?"),
        ("lane", "fast", "lane"),
        ("orders", "some", "orders"),
        ("conflict", "merge", "conflict"),
        ("update_policy", "both", "update_policy"),
        ("dry_run", "perhaps", "dry_run takes a number, or true or false"),
        ("concurrency", "many", "concurrency takes a number"),
        ("concurrency", 1.5, "concurrency"),
        ("max_retries", True, "max_retries"),
        ("max_refusals", "some", "max_refusals"),
        ("access_token", 12345, "access_token takes text"),
        ("ledger_url", 12345, "ledger_url takes text"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: Any, said: str, tmp_path: Path) -> None:
    told = fails(said, config={"shop": "demo", "access_token": TOKEN, name: value}, folder=tmp_path)

    assert "12345" not in told.stderr


@pytest.mark.parametrize("text", ["{", '["shop"]', "5", "", "\x00", '"shop"'])
def test_a_settings_file_that_cannot_be_read_is_told_in_one_sentence(text: str, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(text)

    told = command_line("--config", str(config))

    assert told.status != 0
    assert told.stderr.startswith("target-shopify: ")
    assert "config.json" in told.stderr


@pytest.mark.parametrize("arguments", [["--config", "nowhere.json"], ["--input", "nowhere.jsonl"], ["--nonsense"]])
def test_a_wrong_argument_is_told_in_one_sentence(arguments: list[str]) -> None:
    told = command_line(*arguments)

    assert told.status != 0
    assert told.stderr.count("target-shopify: ") == 1


def test_a_report_folder_that_is_a_file_is_told(shop: LocalShop, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    config = {"shop": "demo", "access_token": TOKEN, "api_url": shop.url, "report_dir": str(tmp_path / "file")}

    fails("report_dir", config=config, text=singer([customer(1)]), folder=tmp_path)

    assert shop.customers() == []


def test_settings_come_from_the_environment_as_text(shop: LocalShop, tmp_path: Path) -> None:
    variables = {
        "TARGET_SHOPIFY_SHOP": "demo", "TARGET_SHOPIFY_ACCESS_TOKEN": TOKEN, "TARGET_SHOPIFY_API_URL": shop.url,
        "TARGET_SHOPIFY_LANE": "direct", "TARGET_SHOPIFY_CONCURRENCY": "3", "TARGET_SHOPIFY_DRY_RUN": "False",
        "TARGET_SHOPIFY_REQUEST_TIMEOUT": "12.5", "TARGET_SHOPIFY_MAX_REFUSALS": "5%",
        "TARGET_SHOPIFY_TAG_PREFIX": "crate-",
    }  # fmt: skip
    done = subprocess.run(
        [BIN / "target-shopify", "--config=ENV"], input=singer([customer(1)]), capture_output=True, text=True,
        check=False, cwd=tmp_path, env={**os.environ, **variables},
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert TOKEN not in done.stdout + done.stderr
    [made] = shop.customers()
    assert "crate-id-7101000001" in made["tags"]
    assert json.loads(done.stdout.splitlines()[-1]) == {"read": 1}


@pytest.mark.parametrize(("name", "text"), [("DRY_RUN", "ture"), ("CONCURRENCY", "many"), ("MAX_RETRIES", "1.5")])
def test_a_variable_that_cannot_be_read_ends_the_run_before_it_writes(
    name: str, text: str, shop: LocalShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above all: a misspelt true of dry_run must not become a real run."""
    variables = {
        "TARGET_SHOPIFY_SHOP": "demo", "TARGET_SHOPIFY_ACCESS_TOKEN": TOKEN, "TARGET_SHOPIFY_API_URL": shop.url,
        f"TARGET_SHOPIFY_{name}": text,
    }  # fmt: skip
    told = with_variables(monkeypatch, variables, tmp_path, singer([customer(1)]))

    assert told.status == 1
    assert f"TARGET_SHOPIFY_{name} takes" in told.stderr
    assert "Traceback" not in told.stderr
    assert shop.customers() == []


def test_a_blank_number_or_switch_is_not_set(shop: LocalShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("CONCURRENCY", "MAX_RETRIES", "REQUEST_TIMEOUT", "DRY_RUN", "VALIDATE_RECORDS", "FLATTENING_ENABLED")
    variables = {
        "TARGET_SHOPIFY_SHOP": "demo", "TARGET_SHOPIFY_ACCESS_TOKEN": TOKEN, "TARGET_SHOPIFY_API_URL": shop.url,
        **{f"TARGET_SHOPIFY_{name}": "" for name in names}, "TARGET_SHOPIFY_LANE": "direct",
    }  # fmt: skip
    (tmp_path / "config.json").write_text('{"dry_run": true}')
    told = with_variables(monkeypatch, variables, tmp_path, singer([customer(1)]), "--config=config.json")

    assert told.status == 0, told.stderr
    assert "Forecast, nothing was written" in told.stderr
    assert shop.customers() == []


@pytest.mark.parametrize("name", ["DRY_RUN", "VALIDATE_RECORDS"])
@pytest.mark.parametrize("word", ["true", "1", "Yes", "on", "no", "0"])
def test_a_switch_may_be_said_in_several_words(name: str, word: str) -> None:
    spec = CONFIG_SCHEMA["properties"][name.lower()]

    assert number_or_switch(word, spec) is (word not in ("no", "0"))


def test_a_misspelt_variable_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {"TARGET_SHOPIFY_SHOP": "demo", "TARGET_SHOPIFY_ACCESS_TOKEN": TOKEN, "TARGET_SHOPIFY_DRYRUN": "true"}
    told = with_variables(monkeypatch, variables, tmp_path, "")

    assert told.status == 1
    assert "TARGET_SHOPIFY_DRYRUN" in told.stderr
    assert "did you mean TARGET_SHOPIFY_DRY_RUN?" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize("where", ["nowhere", "full"])
def test_a_standard_output_that_takes_nothing_is_one_sentence(where: str, shop: LocalShop, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"shop": "demo", "access_token": TOKEN, "api_url": shop.url, "lane": "direct"}))
    redirect = ">&-" if where == "nowhere" else "> /dev/full"
    command = f"{BIN / 'target-shopify'} --config {config} {redirect}"
    done = subprocess.run(
        ["bash", "-c", command], input=singer([customer(1)]), stderr=subprocess.PIPE, text=True, check=False
    )

    said = [line for line in done.stderr.splitlines() if " | INFO " not in line]
    assert done.returncode == 1
    assert len(said) == 1, said
    if where == "nowhere":
        assert said[0].startswith("target-shopify: Standard output is closed")
        assert shop.calls() == {}
    else:
        assert "no disk space left for standard output" in said[0]
        assert "what was settled is recorded, and the same command goes on" in said[0]


def test_a_reader_that_goes_away_ends_the_run_without_a_traceback(shop: LocalShop, target: Runner) -> None:
    process = target.start([customer(number) for number in range(1, 31)])
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    process.wait(30)

    assert process.returncode != 0
    assert "Traceback" not in said
    assert "has gone" in said


@pytest.mark.parametrize("stream", ["customers", "customer_documents", "migration-customer_documents", "a.customers"])
def test_a_customer_stream_may_carry_its_schemas_name(stream: str, shop: LocalShop, target: Runner) -> None:
    assert target.run_text(singer([customer(1)], stream)).status == 0
    assert [metafields(one)["customer_id"] for one in shop.customers()] == ["7101000001"]


def test_other_streams_are_passed_over_and_said(shop: LocalShop, target: Runner) -> None:
    told = target.run_text(singer([customer(1)], "products"))

    assert told.status == 0
    assert told.states == [{"read": 1}]
    assert "Stream products is ignored" in told.stderr
    assert shop.customers() == []


def test_too_many_refusals_end_the_run(shop: LocalShop, target: Runner) -> None:
    nobodies = [{"id": None, "email": f"n{number}@example.com"} for number in range(3)]

    told = target.run([*nobodies, customer(1)], max_refusals=3)

    assert told.status == 1
    assert "max_refusals" in told.stderr


@pytest.mark.parametrize("lane", ["direct", "auto", "bulk"])
def test_the_refusal_that_reaches_the_limit_is_the_last_one(lane: str, shop: LocalShop, target: Runner) -> None:
    nobodies = [{"id": None, "email": f"n{number}@example.com"} for number in range(150)]

    told = target.run([customer(1), *nobodies], max_refusals=3, lane=lane)

    assert told.status == 1
    assert "3 of 4 customers were refused" in told.stderr


def test_a_share_of_refusals_is_one_of_all_that_was_read(shop: LocalShop, target: Runner) -> None:
    """Those who are refused at once overtake those who wait for a lane."""
    documents = [customer(number) if number % 5 else {"id": None, "note": str(number)} for number in range(1, 601)]

    told = target.run(documents, max_refusals="25%", lane="auto")

    assert told.status == 0, told.stderr
    assert len(shop.customers()) == 480


def test_units_in_flight_are_all_that_can_be_refused_beyond_the_limit(shop: LocalShop, target: Runner) -> None:
    for number in range(1, 61):
        shop.add_customer(email=f"c{number}@example.com")

    told = target.run(
        [customer(number) for number in range(1, 61)], max_refusals=2, conflict="skip", concurrency=2
    )  # fmt: skip

    said = re.search(r"(\d+) of 60 customers were refused", told.stderr)
    assert said
    assert 2 <= int(said[1]) <= 3
