"""How an address is read."""

from cratejoy_sandbox.shopify.call import Call
from cratejoy_sandbox.shopify.customers import addresses as address_of
from cratejoy_sandbox.shopify.gids import ADDRESS, gid
from cratejoy_sandbox.shopify.registry import Args, Entity, field


@field(ADDRESS, "id")
def address_id(address: Entity, _: Call, __: Args) -> str:
    """Global id, with the model's name."""
    return gid(ADDRESS, address["id"])


@field(ADDRESS, "name")
def address_name(address: Entity, _: Call, __: Args) -> str | None:
    """First and last name."""
    return " ".join(part for part in (address["firstName"], address["lastName"]) if part) or None


@field(ADDRESS, "country")
def address_country(address: Entity, _: Call, __: Args) -> str | None:
    """English name of the country."""
    return address_of.country_name(address)


@field(ADDRESS, "countryCode")
def address_country_code(address: Entity, _: Call, __: Args) -> str | None:
    """Code of the country."""
    code: str | None = address["countryCodeV2"]
    return code


@field(ADDRESS, "province")
def address_province(address: Entity, _: Call, __: Args) -> str | None:
    """English name of the province."""
    return address_of.province_name(address)


@field(ADDRESS, "formattedArea")
def address_area(address: Entity, _: Call, __: Args) -> str | None:
    """City, province and country."""
    return address_of.area(address)


@field(ADDRESS, "formatted")
def address_lines(address: Entity, _: Call, args: Args) -> list[str]:
    """Lines of print."""
    return address_of.lines(address, name=args["withName"], company=args["withCompany"])


@field(ADDRESS, "latitude", "longitude", "timeZone")
def address_unknown(_: Entity, __: Call, ___: Args) -> None:
    """Shopify looks these up later; here never."""


@field(ADDRESS, "coordinatesValidated")
def coordinates_validated(_: Entity, __: Call, ___: Args) -> bool:
    """Never."""
    return False
