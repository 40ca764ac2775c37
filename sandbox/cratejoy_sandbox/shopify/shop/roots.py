"""Queries about the shop, the installed app and the API's versions."""

from typing import Any

from cratejoy_sandbox.shopify.call import APP_ID, Call
from cratejoy_sandbox.shopify.gids import gid
from cratejoy_sandbox.shopify.registry import Args, Entity, query
from cratejoy_sandbox.shopify.schema import SUPPORTED

SHOP_ID = 68_000_000_001


@query("shop")
def shop(call: Call, _: Args) -> Entity:
    """The shop, as far as a preflight looks at it."""
    settings = call.settings
    address = {"countryCodeV2": settings.country, "__typename": "ShopAddress"}
    accounts = "CLASSIC" if settings.legacy_accounts else "NEW_CUSTOMER_ACCOUNTS"
    return {
        "__typename": "Shop",
        "id": gid("Shop", SHOP_ID),
        "name": settings.shop,
        "email": "owner@example.com",
        "contactEmail": "owner@example.com",
        "myshopifyDomain": settings.domain,
        "primaryDomain": {"host": settings.domain, "url": f"https://{settings.domain}", "sslEnabled": True},
        "url": f"https://{settings.domain}",
        "currencyCode": settings.currency,
        "enabledPresentmentCurrencies": [settings.currency],
        "ianaTimezone": "America/New_York",
        "timezoneAbbreviation": "EST",
        "timezoneOffset": "-0500",
        "weightUnit": "POUNDS",
        "unitSystem": "IMPERIAL_SYSTEM",
        "taxesIncluded": False,
        "taxShipping": False,
        "shopAddress": address,
        "billingAddress": address,
        "countriesInShippingZones": {"countryCodes": [settings.country], "includeRestOfWorld": False},
        "plan": _plan(call),
        "customerAccounts": "DISABLED" if not settings.legacy_accounts else "OPTIONAL",
        "customerAccountsV2": {
            "customerAccountsVersion": accounts,
            "loginLinksVisibleOnStorefrontAndCheckout": True,
            "loginRequiredAtCheckout": False,
            "url": f"https://{settings.domain}/account",
        },
    }


def _plan(call: Call) -> Entity:
    plan = call.settings.plan
    return {
        "displayName": plan.title,
        "publicDisplayName": plan.title,
        "partnerDevelopment": plan.development,
        "shopifyPlus": plan.plus,
    }


@query("currentAppInstallation")
def current_app_installation(call: Call, _: Args) -> Entity:
    """The app that the token belongs to, with the scopes it was granted."""
    scopes = [{"handle": scope, "description": scope.replace("_", " ")} for scope in sorted(call.scopes)]
    app = {"__typename": "App", "id": gid("App", APP_ID), "title": "Migration", "handle": "migration"}
    return {
        "__typename": "AppInstallation",
        "id": gid("AppInstallation", APP_ID + 1),
        "app": {**app, "apiKey": call.settings.client_id},
        "accessScopes": scopes,
    }


@query("publicApiVersions")
def public_api_versions(_: Call, __: Args) -> list[dict[str, Any]]:
    """The versions that are served, and the unstable one."""
    versions = [{"handle": handle, "displayName": handle, "supported": True} for handle in SUPPORTED]
    return [*versions, {"handle": "unstable", "displayName": "unstable", "supported": False}]
