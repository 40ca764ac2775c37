"""Tax exemptions, erasure, invitations, opting out of data sale."""

import copy
from collections.abc import Callable

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.customers.record import by_email, customer_of, new_customer, save
from cratejoy_sandbox.shopify.customers.rules import clean_email, email_problems
from cratejoy_sandbox.shopify.errors import Refused, refuse, user_error
from cratejoy_sandbox.shopify.gids import gid
from cratejoy_sandbox.shopify.registry import Args, Entity, Payload, mutation

NOT_SENT = "Error sending account invite to customer."
Change = Callable[[list[str], list[str]], list[str]]
EXEMPTIONS: dict[str, Change] = {
    "customerAddTaxExemptions": lambda old, sent: list(dict.fromkeys([*old, *sent])),
    "customerRemoveTaxExemptions": lambda old, sent: [item for item in old if item not in sent],
    "customerReplaceTaxExemptions": lambda _, sent: list(dict.fromkeys(sent)),
}


def _exemptions(name: str, change: Change) -> None:
    @mutation(name)
    def resolve(call: Call, args: Args) -> Payload:
        customer = _customer(call, args, "Customer does not exist.")
        before = copy.deepcopy(customer)
        customer["taxExemptions"] = change(customer["taxExemptions"], args["taxExemptions"])
        return Payload(customer=save(call, customer, before))


for _name, _change in EXEMPTIONS.items():
    _exemptions(_name, _change)


def _customer(call: Call, args: Args, message: str, code: str | None = None) -> Entity:
    customer = customer_of(call, args["customerId"])
    if customer is None:
        raise refuse(["customerId"], message, code)
    return customer


@mutation("customerRequestDataErasure")
def request_erasure(call: Call, args: Args) -> Payload:
    """Queue an erasure; nothing is erased at once."""
    customer = _customer(call, args, "Customer does not exist", "DOES_NOT_EXIST")
    save(call, {**customer, "erasure": True}, customer)
    return Payload(customerId=args["customerId"])


@mutation("customerCancelDataErasure")
def cancel_erasure(call: Call, args: Args) -> Payload:
    """Take a queued erasure back."""
    customer = _customer(call, args, "Customer does not exist", "DOES_NOT_EXIST")
    if not customer["erasure"]:
        raise refuse(["customerId"], "Customer's data is not scheduled for erasure", "NOT_BEING_ERASED")
    save(call, {**customer, "erasure": False}, customer)
    return Payload(customerId=args["customerId"])


@mutation("customerSendAccountInviteEmail")
def send_invite(call: Call, args: Args) -> Payload:
    """Invite to a legacy account: mail to a customer, which the simulator counts."""
    customer = _customer(call, args, "Customer can't be found")
    problems = _mail_problems(args.get("email") or {})
    if problems:
        raise Refused(*(user_error(["email", name], text, "INVALID") for name, text in problems))
    mail = args.get("email") or {}
    if not (customer["email"] or mail.get("to")) or customer["state"] == "ENABLED" or _unsendable(mail):
        raise refuse(["customerId"], NOT_SENT, "INVALID")
    call.mail("customerSendAccountInviteEmail")
    return Payload(customer=save(call, {**customer, "state": "INVITED"}, customer))


def _unsendable(mail: Args) -> bool:
    """Mail that is refused when it is sent: too long, or with HTML."""
    message = mail.get("customMessage") or ""
    return len(mail.get("subject") or "") > 1_000 or len(message) > 5_000 or "<" in message


def _mail_problems(mail: Args) -> list[tuple[str, str]]:
    """What is wrong with the mail that an invitation is sent by."""
    found = []
    if "subject" in mail and not (mail["subject"] or "").strip():
        found.append(("subject", "Subject can't be blank"))
    if mail.get("to") and email_problems(mail["to"]):
        found.append(("to", "To is invalid"))
    if mail.get("from"):
        found.append(("from", "From Sender is invalid"))
    wrong = [address for address in mail.get("bcc") or () if address]
    if wrong:
        found.append(("bcc", "Bcc " + " and ".join(f"{address} is not a valid bcc address" for address in wrong)))
    return found


@mutation("customerGenerateAccountActivationUrl")
def activation_url(call: Call, args: Args) -> Payload:
    """A link that activates a legacy account; it is not mailed."""
    customer = _customer(call, args, "The customer can't be found.")
    return Payload(accountActivationUrl=f"https://{call.settings.domain}/account/activate/{customer['id']}/sandbox")


@mutation("customerPaymentMethodSendUpdateEmail")
def payment_update_mail(_: Call, __: Args) -> Payload:
    """There are no payment methods, so none is found."""
    raise refuse(["customerPaymentMethodId"], "Customer payment method does not exist")


@mutation("dataSaleOptOut")
def data_sale_opt_out(call: Call, args: Args) -> Payload:
    """Opt an e-mail address out of data sale; an address that nobody has becomes a tagged customer (recorded)."""
    email = clean_email(args["email"])
    if not email or email != args["email"].strip() or email_problems(email):
        raise refuse(None, "Data sale opt out failed.", "FAILED")
    found = by_email(call, email)
    new = {**new_customer(call), "email": email, "tags": ["created-by-dns-form"]}
    customer = {**(found or new), "dataSaleOptOut": True}
    save(call, customer, found)
    return Payload(customerId=gid("Customer", customer["id"]))
