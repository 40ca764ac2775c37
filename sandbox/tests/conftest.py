"""A small store and real servers on loopback, shared by all tests of the sandbox."""

import contextlib
import functools
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

CREDENTIALS = ("sandbox", "sandbox-secret")
STORE = ("--customers", "300", "--seed", "7", "--today", "2026-11-01")
COMMAND = (sys.executable, "-c", "from cratejoy_sandbox.cli import main; main()")


@dataclass
class Sandbox:
    """A running server, as a test talks to it."""

    port: int
    process: subprocess.Popen[str]
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str, **parameters: Any) -> requests.Response:
        named = {name.replace("_DOT_", "."): value for name, value in parameters.items()}
        return self.session.get(f"{self.root}{path}", params=named, auth=CREDENTIALS, timeout=20)

    def page(self, path: str, **parameters: Any) -> dict[str, Any]:
        response = self.ask(path, **parameters)
        assert response.status_code == 200, response.text
        return response.json()

    def ids(self, path: str, **parameters: Any) -> list[int]:
        return [row["id"] for row in self.page(path, **parameters)["results"]]

    def stored_ids(self, name: str) -> list[int]:
        return [json.loads(line) for line in self.session.get(f"{self.root}/_sandbox/ids/{name}").text.split()]

    def fault(self, **faults: Any) -> None:
        response = self.session.put(f"{self.root}/_sandbox/faults", json=faults)
        assert response.status_code == 200, response.text

    def change(self, name: str, **wishes: Any) -> dict[str, Any]:
        response = self.session.post(f"{self.root}/_sandbox/rows/{name}", json=wishes)
        assert response.status_code == 200, response.text
        return response.json()

    def reset(self) -> None:
        self.session.delete(f"{self.root}/_sandbox/faults")
        self.session.delete(f"{self.root}/_sandbox/stats")


@contextlib.contextmanager
def running(folder: Path, *options: str) -> Iterator[Sandbox]:
    command = [*COMMAND, "cratejoy", *STORE, "--data", str(folder), "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield Sandbox(json.loads(process.stdout.readline())["port"], process)
        finally:
            process.terminate()
            process.wait(10)


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stores")


@pytest.fixture(scope="session")
def _shared(stores: Path) -> Iterator[Sandbox]:
    with running(stores) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_shared: Sandbox) -> Iterator[Sandbox]:
    """A server whose rows no test changes."""
    _shared.reset()
    yield _shared
    _shared.reset()


@pytest.fixture
def changing(stores: Path) -> Iterator[Sandbox]:
    """A server of its own, for tests that change rows."""
    with running(stores) as sandbox:
        yield sandbox


@pytest.fixture
def launch() -> Any:
    """Start a server with options: `with launch(folder, "--fault", "html") as sandbox`."""
    return running


@dataclass
class Shop:
    """A running Shopify, as a test talks to it."""

    port: int
    process: subprocess.Popen[str]
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def post(self, text: str, variables: Any = None, **options: Any) -> requests.Response:
        version, token = options.pop("version", "2026-07"), options.pop("token", "shpat_sandbox")
        body = {"query": text, "variables": variables or {}, **options.pop("body", {})}
        headers = {"X-Shopify-Access-Token": token, **options.pop("headers", {})}
        path = f"{self.root}/admin/api/{version}/graphql.json"
        return self.session.post(path, json=body, headers=headers, timeout=options.pop("timeout", 20))

    def gql(self, text: str, variables: Any = None, **options: Any) -> dict[str, Any]:
        response = self.post(text, variables, **options)
        assert response.status_code == 200, response.text
        return response.json()

    def data(self, text: str, variables: Any = None) -> dict[str, Any]:
        answer = self.gql(text, variables)
        assert "errors" not in answer, answer
        return answer["data"]

    def create(self, **wanted: Any) -> str:
        """Id of a new customer."""
        text = """mutation($i: CustomerInput!) { customerCreate(input: $i) {
                  customer { id } userErrors { field message } } }"""
        made = self.data(text, {"i": wanted})["customerCreate"]
        assert made["userErrors"] == []
        return made["customer"]["id"]

    def define(self, namespace: str = "migration", key: str = "external_id", kind: str = "id", **more: Any) -> str:
        """Id of a new definition for customers."""
        text = """mutation($d: MetafieldDefinitionInput!) { metafieldDefinitionCreate(definition: $d) {
                  createdDefinition { id } userErrors { field message code } } }"""
        wanted = {"namespace": namespace, "key": key, "type": kind, "name": key, "ownerType": "CUSTOMER", **more}
        made = self.data(text, {"d": wanted})["metafieldDefinitionCreate"]
        assert made["userErrors"] == []
        return made["createdDefinition"]["id"]

    def control(self, method: str, path: str, value: Any = None) -> Any:
        response = self.session.request(method, f"{self.root}/_sandbox/{path}", json=value, timeout=20)
        assert response.status_code == 200, response.text
        return response.json()

    def fault(self, **faults: Any) -> None:
        self.control("PUT", "faults", faults)

    def customers(self) -> list[dict[str, Any]]:
        text = self.session.get(f"{self.root}/_sandbox/customers", timeout=20).text
        return [json.loads(line) for line in text.splitlines()]


@contextlib.contextmanager
def running_shop(*options: str) -> Iterator[Shop]:
    command = [*COMMAND, "shopify", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield Shop(json.loads(process.stdout.readline())["port"], process)
        finally:
            process.kill()
            process.wait(10)


@pytest.fixture(scope="session")
def _shared_shop() -> Iterator[Shop]:
    with running_shop("--time-scale", "1000") as shop:
        yield shop


@pytest.fixture
def shop(_shared_shop: Shop) -> Shop:
    """An empty shop with the clock a thousand times too fast, so that no test waits for points."""
    _shared_shop.control("POST", "reset")
    return _shared_shop


@pytest.fixture
def launch_shop() -> Any:
    """Start a shop with options: `with launch_shop("--plan", "plus") as shop`."""
    return running_shop


@pytest.fixture(scope="session")
def _shops_by_options() -> Iterator[Any]:
    with contextlib.ExitStack() as stack:
        yield functools.cache(lambda *options: stack.enter_context(running_shop(*options)))


@pytest.fixture
def shop_with(_shops_by_options: Any) -> Any:
    """An empty shop with options, in a process that tests with the same options share: `shop_with("--plan", "plus")`.

    Granted tokens outlive the emptying; tests of the process itself take `launch_shop`.
    """

    def emptied(*options: str) -> Shop:
        found: Shop = _shops_by_options(*options)
        found.control("POST", "reset")
        return found

    return emptied


CREATE_CUSTOMER = """mutation($input: CustomerInput!) {
    customerCreate(input: $input) { customer { id email } userErrors { field message } } }"""


@dataclass
class Bulk:
    """Bulk operations in a shop, step by step."""

    shop: Shop

    def target(self, method: str = "PUT") -> dict[str, Any]:
        text = """mutation($i: [StagedUploadInput!]!) { stagedUploadsCreate(input: $i) {
                  stagedTargets { url resourceUrl parameters { name value } } userErrors { field message } } }"""
        wanted = {"resource": "BULK_MUTATION_VARIABLES", "filename": "lines.jsonl", "mimeType": "text/jsonl"}
        made = self.shop.data(text, {"i": [{**wanted, "httpMethod": method}]})["stagedUploadsCreate"]
        return made["stagedTargets"][0]

    def upload(self, content: Any) -> str:
        """Path of a file that was put into the storage."""
        target = self.target()
        response = self.shop.session.put(target["url"], data=content, timeout=60)
        assert response.status_code == 200, response.text
        return self.path(target)

    def path(self, target: dict[str, Any]) -> str:
        return target["url"].removeprefix(f"{self.shop.root}/").partition("?")[0]

    def run(self, path: str, mutation: str = CREATE_CUSTOMER, **more: Any) -> dict[str, Any]:
        text = """mutation($m: String!, $p: String!, $c: String) {
                  bulkOperationRunMutation(mutation: $m, stagedUploadPath: $p, clientIdentifier: $c) {
                  bulkOperation { id status objectCount url } userErrors { field message code } } }"""
        return self.shop.data(text, {"m": mutation, "p": path, **more})["bulkOperationRunMutation"]

    def start(self, lines: list[Any], mutation: str = CREATE_CUSTOMER) -> str:
        """Id of an operation over these lines; text is a line as it is."""
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        made = self.run(self.upload("\n".join(texts).encode()), mutation)
        assert made["userErrors"] == []
        return made["bulkOperation"]["id"]

    def read(self, number: str) -> dict[str, Any]:
        text = """query($i: ID!) { bulkOperation(id: $i) { id status errorCode createdAt completedAt objectCount
                  rootObjectCount fileSize url partialDataUrl type query } }"""
        return self.shop.data(text, {"i": number})["bulkOperation"]

    def ended(self, number: str) -> dict[str, Any]:
        return self.reached(number, "COMPLETED", "FAILED", "CANCELED", "EXPIRED")

    def reached(self, number: str, *statuses: str) -> dict[str, Any]:
        for _ in range(1000):
            operation = self.read(number)
            if operation["status"] in statuses:
                return operation
            time.sleep(0.02)
        raise AssertionError(operation)

    def fetch(self, url: str, **headers: str) -> requests.Response:
        return self.shop.session.get(url, headers=headers, timeout=20)

    def results(self, operation: dict[str, Any]) -> list[dict[str, Any]]:
        text = self.fetch(operation["url"] or operation["partialDataUrl"]).text
        return [json.loads(line) for line in text.splitlines()]

    def ran(self, lines: list[Any], mutation: str = CREATE_CUSTOMER) -> list[dict[str, Any]]:
        """Results of an operation over these lines, in the order of the lines."""
        return sorted(self.results(self.ended(self.start(lines, mutation))), key=lambda line: line["__lineNumber"])


@pytest.fixture
def bulk(shop: Shop) -> Bulk:
    """Bulk operations in the empty shop."""
    return Bulk(shop)


@pytest.fixture
def bulk_in() -> Any:
    """Bulk operations in a shop that the test launched: `bulk_in(shop)`."""
    return Bulk
