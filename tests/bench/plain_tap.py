"""What the tap is compared with: the same customers through a `RESTStream` tap in the style of the SDK's template."""

from __future__ import annotations

from typing import Any

from requests import Response
from singer_sdk import RESTStream, StreamSchema, Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import BasicAuthenticator
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.pagination import PageNumberPaginator
from singer_sdk.schema.source import SchemaDirectory
from tap_cratejoy import schemas


class NextPaginator(PageNumberPaginator):
    """Goes on while the envelope names a next page."""

    def has_more(self, response: Response) -> bool:
        return bool(response.json().get("next"))


class Customers(RESTStream[int]):
    """Buyers, with what the API embeds."""

    name = "customers"
    path = "/customers/"
    primary_keys = ("id",)
    schema = StreamSchema(SchemaDirectory(schemas))
    records_jsonpath = "$.results[*]"
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.ROOT_ONLY  # nested objects are of any shape

    @property
    def url_base(self) -> str:
        return self.config["api_url"]

    @property
    def authenticator(self) -> BasicAuthenticator:
        return BasicAuthenticator(username=self.config["client_id"], password=self.config["client_secret"])

    def get_new_paginator(self) -> NextPaginator:
        return NextPaginator(start_value=0)

    def get_url_params(self, context: Any, next_page_token: int | None) -> dict[str, Any]:
        params: dict[str, Any] = {"limit": self.config["page_size"], "with": "addresses,_md"}
        if next_page_token:
            params["page"] = next_page_token
        return params


class PlainTap(Tap):
    """One stream, nothing clever."""

    name = "plain-tap"
    config_jsonschema = th.PropertiesList(
        th.Property("client_id", th.StringType, required=True),
        th.Property("client_secret", th.StringType, required=True, secret=True),
        th.Property("api_url", th.StringType, required=True),
        th.Property("page_size", th.IntegerType, default=100),
    ).to_dict()

    def discover_streams(self) -> list[Customers]:
        return [Customers(self)]


if __name__ == "__main__":
    PlainTap.cli()
