"""Store credit: one account a customer and currency, credited and debited."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.clock import moment
from cratejoy_sandbox.shopify.customers.record import KIND as CUSTOMER
from cratejoy_sandbox.shopify.customers.record import customer_of
from cratejoy_sandbox.shopify.errors import refuse, top_error
from cratejoy_sandbox.shopify.gids import gid, number_of, parts
from cratejoy_sandbox.shopify.paging import connection
from cratejoy_sandbox.shopify.registry import Args, Entity, Payload, field, mutation, node, query, tables

KIND = "StoreCreditAccount"
LIMIT = Decimal(100_000)
RESULT_ONLY = {"USDC", "XXX"}
NO_ACCOUNT = "Store credit account does not exist"
CURRENCY = "The currency provided does not match the currency of the store credit account"
tables(
    """
    CREATE TABLE IF NOT EXISTS credit_accounts (
        owner INTEGER, currency TEXT, id INTEGER, PRIMARY KEY (owner, currency)) WITHOUT ROWID;
    """
)


def money(amount: Decimal, currency: str) -> Entity:
    """Money as Shopify writes it: without padding, but with one digit behind the point."""
    text = format(amount.normalize(), "f")
    return {"amount": text if "." in text else f"{text}.0", "currencyCode": currency}


@mutation("storeCreditAccountCredit")
def credit(call: Call, args: Args) -> Payload:
    """Add to an account; a customer's id opens one in the currency. `notify` would mail the customer."""
    sent = args["creditInput"]
    if sent["creditAmount"]["currencyCode"] in RESULT_ONLY:
        name = sent["creditAmount"]["currencyCode"]
        text = f'CurrencyCode "{name}" is invalid. It can only be used as a result and not as an input value.'
        raise top_error(text, "CURRENCY_CODE_INVALID")
    field_name, given = ["creditInput", "creditAmount"], sent["creditAmount"]
    kind = (parts(args["id"]) or ("", ""))[0]
    if kind != KIND and (kind != CUSTOMER or customer_of(call, args["id"]) is None):
        raise refuse(["id"], "Owner does not exist", "OWNER_NOT_FOUND")
    account = _account(call, args["id"], given["currencyCode"])
    if account is None and kind == KIND:
        raise refuse(["id"], NO_ACCOUNT, "ACCOUNT_NOT_FOUND")
    when = moment(sent["expiresAt"]) if sent.get("expiresAt") else None
    if when and when < datetime.now(UTC):
        raise refuse(["creditInput", "expiresAt"], "The expiry date must be in the future", "EXPIRES_AT_IN_PAST")
    amount = _positive(given, field_name, "credit")
    account = account or _opened(call, args["id"], given["currencyCode"])
    _check_currency(account, given, field_name)
    if Decimal(account["balance"]) + amount > LIMIT:
        text = "The operation would cause the account's credit limit to be exceeded"
        raise refuse([*field_name, "amount"], text, "CREDIT_LIMIT_EXCEEDED")
    if sent.get("notify"):
        call.mail("storeCreditAccountCredit")
    return Payload(storeCreditAccountTransaction=_booked(call, account, amount))


@mutation("storeCreditAccountDebit")
def debit(call: Call, args: Args) -> Payload:
    """Take from an account that has enough."""
    field_name, given = ["debitInput", "debitAmount"], args["debitInput"]["debitAmount"]
    account = _account(call, args["id"], given["currencyCode"])
    if account is None:
        raise refuse(["id"], NO_ACCOUNT, "ACCOUNT_NOT_FOUND")
    amount = _positive(given, field_name, "debit")
    _check_currency(account, given, field_name)
    if amount > Decimal(account["balance"]):
        text = "The store credit account does not have sufficient funds to satisfy the request"
        raise refuse([*field_name, "amount"], text, "INSUFFICIENT_FUNDS")
    return Payload(storeCreditAccountTransaction=_booked(call, account, -amount))


def _positive(given: Mapping[str, Any], field_name: list[str], verb: str) -> Decimal:
    amount = Decimal(str(given["amount"]))
    if amount <= 0:
        text = f"A positive amount must be used to {verb} a store credit account"
        raise refuse([*field_name, "amount"], text, "NEGATIVE_OR_ZERO_AMOUNT")
    return amount


def _check_currency(account: Entity, given: Mapping[str, Any], field_name: list[str]) -> None:
    if account["currency"] != given["currencyCode"]:
        raise refuse([*field_name, "currencyCode"], CURRENCY, "MISMATCHING_CURRENCY")


def _account(call: Call, identifier: str, currency: str) -> Entity | None:
    """The account that is meant: by its own id, or an owner's in a currency."""
    number = number_of(identifier, KIND)
    if number is None:
        owner = number_of(identifier, CUSTOMER)
        sql = "SELECT id FROM credit_accounts WHERE owner = ? AND currency = ?"
        row = call.store.execute(sql, (owner, currency)).fetchone()
        number = row[0] if row else None
    return call.store.get(KIND, number)


def _opened(call: Call, owner: str, currency: str) -> Entity:
    number = call.store.new_id()
    customer = number_of(owner, CUSTOMER)
    call.store.execute("INSERT INTO credit_accounts VALUES (?, ?, ?)", (customer, currency, number))
    return {"id": number, "customer": customer, "currency": currency, "balance": "0"}


def _booked(call: Call, account: Entity, amount: Decimal) -> Entity:
    """Write the new balance; the transaction that says so."""
    balance = Decimal(account["balance"]) + amount
    changed = {**account, "balance": str(balance)}
    call.store.put(KIND, account["id"], changed)
    kind = f"StoreCreditAccount{'Credit' if amount > 0 else 'Debit'}Transaction"
    return {
        "__typename": kind,
        "id": gid(kind, call.store.new_id()),
        "account": changed,
        "amount": money(amount, account["currency"]),
        "balanceAfterTransaction": money(balance, account["currency"]),
        "createdAt": call.clock.now(),
        "event": "ADJUSTMENT",
        "origin": None,
    }


@query("storeCreditAccount")
def store_credit_account(call: Call, args: Args) -> Entity | None:
    """An account by global id."""
    return call.store.get(KIND, number_of(args["id"], KIND))


@node(KIND)
def account_node(call: Call, identifier: str) -> Entity | None:
    """An account for `node`."""
    return call.store.get(KIND, number_of(identifier, KIND))


@field(KIND, "id")
def account_id(account: Entity, _: Call, __: Args) -> str:
    """Global id."""
    return gid(KIND, account["id"])


@field(KIND, "balance")
def account_balance(account: Entity, _: Call, __: Args) -> Entity:
    """What is left."""
    return money(Decimal(account["balance"]), account["currency"])


@field(KIND, "owner")
def account_owner(account: Entity, call: Call, _: Args) -> Entity | None:
    """The customer."""
    customer = call.store.get(CUSTOMER, account["customer"])
    return {**customer, "__typename": CUSTOMER} if customer else None


@field(CUSTOMER, "storeCreditAccounts")
def customer_accounts(customer: Entity, call: Call, args: Args) -> Entity:
    """Accounts of a customer by number."""
    rows = call.store.execute("SELECT id FROM credit_accounts WHERE owner = ? ORDER BY id", (customer["id"],))
    found = [account for row in rows.fetchall() if (account := call.store.get(KIND, row[0]))]
    wanted = re.search(r"currency_code:'?(\w+)", args.get("query") or "")
    return connection([account for account in found if not wanted or account["currency"] == wanted[1]], args)
