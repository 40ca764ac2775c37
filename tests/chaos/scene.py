"""Everything a round runs on: a store with twins and oddities, a shop with the merchant's own customers, a project."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

from cratejoy_migration.staging.layout import Layout
from cratejoy_migration.staging.server import running_url

from tests.chaos.plan import Plan, dice_of
from tests.chaos.project import Project, settings_of, tap_variables
from tests.chaos.servers import Cratejoy, Server, build_store, shopify, store_options
from tests.pipeline import BIN, SECRET_TOKEN

GRANT_SECRET = "planted-secret-5063"
_ODD = (
    {"email": None},
    {"email": "not an e-mail"},
    {"email": None, "first_name": None, "last_name": None, "name": None},
    {"first_name": "", "last_name": "", "name": "x" * 300},
    {"note": "long " * 1100},
    {"email": ""},
)


class Scene:
    """The servers and the project of one round; `close` ends and leaves all of it."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.folder = folder
        self.cratejoy = _cratejoy(plan, folder)
        self.emails = _emails(self.store)
        """The store's usable e-mails, as they were built: the merchant's customers in every shop are made of them."""
        self.shop = self.second_shop("shop")
        self.owned = list(self.shop.lines("customers"))
        self.definitions_before = self.definitions()
        self.database = folder / "database" if plan.external else folder / "project"
        external = _start_database(self.database) if plan.external else {}
        settings = {
            **tap_variables(self.cratejoy.url),
            **settings_of({k: v for k, v in plan.tap.items() if k != "state_interval"}, "TAP_CRATEJOY"),
            "TARGET_POSTGRES_STATE_INTERVAL": str(plan.tap["state_interval"]),
            **self.target(self.shop),
            **external,
        }
        self.project = Project(folder / "project", settings, meltano=plan.meltano or plan.unattended)

    @property
    def shop_nature(self) -> dict[str, Any]:
        """What this Shopify is like from the first request to the last."""
        return {"token_lifetime": 60} if self.plan.grant else {}

    def definitions(self) -> frozenset[str]:
        """Return the metafield definitions that the shop has now."""
        with closing(sqlite3.connect(f"file:{self.folder}/shop/shop.sqlite?mode=ro", uri=True)) as connection:
            rows = connection.execute("select doc from entities where kind = 'MetafieldDefinition'").fetchall()
        found = map(json.loads, (row[0] for row in rows))
        return frozenset(f"{one['ownerType']} {one['namespace']}.{one['key']}" for one in found)

    def target(self, shop: Server) -> dict[str, str]:
        """Return the variables that lead the target to a shop."""
        grant = {"client_id": "sandbox", "client_secret": GRANT_SECRET}
        access = grant if self.plan.grant else {"access_token": SECRET_TOKEN}
        fixed = {"shop": "demo", "api_url": shop.url, "request_timeout": 5, "report_dir": "reports"}
        return settings_of({**fixed, **access, **self.plan.target}, "TARGET_SHOPIFY")

    def second_shop(self, name: str) -> Server:
        """Start a shop with the merchant's own customers."""
        folder = self.folder / name
        folder.mkdir()
        options = [f"--{key.replace('_', '-')}={value}" for key, value in self.plan.shop.items()]
        shop = shopify(folder, "--client-secret", GRANT_SECRET, *options)
        if self.plan.owned:
            shop.post("customers", _owned(self.plan, self.emails))
        return shop

    @property
    def store(self) -> Path:
        return next((self.folder / "store").glob("*.sqlite"))

    def close(self) -> None:
        """End everything."""
        self.project.close()
        self.cratejoy.close()
        self.shop.close()
        if self.plan.external:
            _stop_database(self.database)


def _cratejoy(plan: Plan, folder: Path) -> Cratejoy:
    store = build_store(plan.customers, plan.store, folder / "store")
    _spoil(store, plan)
    server = Cratejoy(store, store_options(plan.customers, plan.store), folder)
    server.faults(**plan.nature)
    return server


def _emails(store: Path) -> list[str]:
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        rows = connection.execute("select lower(trim(email)) from customers where email like '%@%' order by id")
        return list(dict.fromkeys(row[0] for row in rows))


def _spoil(store: Path, plan: Plan) -> None:
    """Give some customers the e-mail of another, and some what no form would let through."""
    dice = dice_of(plan.seed, "store")
    with closing(sqlite3.connect(store)) as connection, connection:
        people = connection.execute("select id, email from customers where email is not null order by id").fetchall()
        for _ in range(plan.twins):
            (one, _), (_, email) = dice.sample(people, 2)
            _update(connection, one, {"email": dice.choice([email, email.upper(), f" {email} "])})
        for _ in range(plan.oddities):
            _update(connection, dice.choice(people)[0], dice.choice(_ODD))


def _update(connection: sqlite3.Connection, number: int, values: dict[str, Any]) -> None:
    names = ", ".join(f"{name} = ?" for name in values)
    connection.execute(f"update customers set {names} where id = ?", (*values.values(), number))


def _owned(plan: Plan, emails: list[str]) -> list[dict[str, Any]]:
    dice = dice_of(plan.seed, "owned")
    shared = dice.sample(emails, min(plan.owned, len(emails)))
    return [_customer(dice, number, email) for number, email in enumerate(shared)]


def _customer(dice: random.Random, number: int, email: str) -> dict[str, Any]:
    """Return a customer of the merchant's: with an e-mail of the store, or one of its own."""
    address = {
        "address1": f"{number} Own Lane", "city": "Bend", "zip": "97701", "countryCode": "US", "provinceCode": "OR",
    }  # fmt: skip
    full = {
        "firstName": "Countess", "lastName": "Lovelace", "note": "Likes green.", "tags": ["vip", "newsletter"],
        "addresses": [address],
        "metafields": [{"namespace": "loyalty", "key": "points", "type": "number_integer", "value": "5"}],
    }  # fmt: skip
    chosen = {name: value for name, value in full.items() if dice.random() < 0.6}
    own = f"own.{number}@example.com"
    return {**chosen, "email": dice.choice([email, email, email.upper(), own]), "lastName": "Hill"}


def _start_database(folder: Path) -> dict[str, str]:
    folder.mkdir()
    (folder / "meltano.yml").touch()
    _migration("start", folder)
    url = running_url(Layout(folder))
    assert url, "the round's own database server did not start"
    return {"STAGING_DATABASE_URL": url}


def _stop_database(folder: Path) -> None:
    _migration("stop", folder, "--force")


def _migration(command: str, folder: Path, *options: str) -> None:
    subprocess.run(
        [BIN / "migration", command, *options], cwd=folder, check=True, capture_output=True, timeout=200,
        env={"PATH": "/usr/bin:/bin", "MELTANO_PROJECT_ROOT": str(folder)},
    )  # fmt: skip
