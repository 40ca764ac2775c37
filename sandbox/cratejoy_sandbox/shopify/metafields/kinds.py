"""The types of metafields, in the order in which Shopify lists them, with their categories and units."""

from cratejoy_sandbox.shopify.lists import words

MEASUREMENTS = frozenset(
    words("""
    antenna_gain area battery_charge_capacity battery_energy_capacity capacitance concentration
    data_storage_capacity data_transfer_rate dimension display_density distance duration electric_current
    electrical_resistance energy frequency illuminance inductance luminous_flux mass_flow_rate power pressure
    resolution rotational_speed sound_level speed temperature thermal_power voltage volume volumetric_flow_rate
    weight
    """)
)
TYPES = words(
    """
    antenna_gain area battery_charge_capacity battery_energy_capacity boolean capacitance color concentration
    data_storage_capacity data_transfer_rate date_time date dimension display_density distance duration
    electric_current electrical_resistance energy float frequency id illuminance inductance integer json_string
    json jurisdiction language link list.antenna_gain list.area list.battery_charge_capacity
    list.battery_energy_capacity list.boolean list.capacitance list.color list.concentration
    list.data_storage_capacity list.data_transfer_rate list.date_time list.date list.dimension
    list.display_density list.distance list.duration list.electric_current list.electrical_resistance
    list.energy list.frequency list.illuminance list.inductance list.jurisdiction list.link list.luminous_flux
    list.mass_flow_rate list.multi_line_text_field list.number_decimal list.number_integer list.power
    list.pressure list.rating list.resolution list.rotational_speed list.single_line_text_field list.sound_level
    list.speed list.temperature list.thermal_power list.url list.voltage list.volume list.volumetric_flow_rate
    list.weight luminous_flux mass_flow_rate money multi_line_text_field number_decimal number_integer power
    pressure rating resolution rich_text_field rotational_speed single_line_text_field sound_level speed string
    temperature thermal_power url voltage volume volumetric_flow_rate weight company_reference
    list.company_reference customer_reference list.customer_reference product_reference list.product_reference
    collection_reference list.collection_reference variant_reference list.variant_reference file_reference
    list.file_reference product_taxonomy_value_reference list.product_taxonomy_value_reference
    product_taxonomy_disclosure_reference metaobject_reference list.metaobject_reference mixed_reference
    list.mixed_reference disclosure_reference list.disclosure_reference page_reference list.page_reference
    article_reference list.article_reference order_reference list.order_reference
    """
)
CATEGORIES = {
    "TEXT": {"single_line_text_field", "multi_line_text_field", "rich_text_field", "id", "string", "language"},
    "NUMBER": {"number_integer", "number_decimal", "integer", "float"},
    "DATE_TIME": {"date", "date_time"},
    "TRUE_FALSE": {"boolean"},
    "URL": {"url", "link"},
    "COLOR": {"color"},
    "JSON": {"json", "json_string"},
    "MONEY": {"money"},
    "MEASUREMENT": MEASUREMENTS,
    "RATING": {"rating"},
}
UNIQUE_ELIGIBLE = {"id", "number_integer", "single_line_text_field", "url"}
FILTERABLE = {"boolean", "single_line_text_field", "number_integer", "number_decimal", "date", "date_time", "id", "url"}
UNITS = {
    "dimension": {
        "in": "INCHES", "inches": "INCHES", "ft": "FEET", "feet": "FEET", "yd": "YARDS", "yards": "YARDS",
        "mm": "MILLIMETERS", "millimeters": "MILLIMETERS", "cm": "CENTIMETERS", "centimeters": "CENTIMETERS",
        "m": "METERS", "meters": "METERS",
    },
    "weight": {
        "oz": "OUNCES", "ounces": "OUNCES", "lb": "POUNDS", "pounds": "POUNDS", "g": "GRAMS", "grams": "GRAMS",
        "kg": "KILOGRAMS", "kilograms": "KILOGRAMS",
    },
    "volume": {
        "ml": "MILLILITERS", "milliliters": "MILLILITERS", "cl": "CENTILITERS", "centiliters": "CENTILITERS",
        "l": "LITERS", "liters": "LITERS", "m3": "CUBIC_METERS", "cubic_meters": "CUBIC_METERS",
        "us_fl_oz": "FLUID_OUNCES", "fluid_ounces": "FLUID_OUNCES", "us_gal": "GALLONS", "gallons": "GALLONS",
        "us_qt": "QUARTS", "quarts": "QUARTS", "us_pt": "PINTS", "pints": "PINTS",
    },
}  # fmt: skip
ABBREVIATIONS = {
    "CENTIMETERS": "cm", "MILLIMETERS": "mm", "METERS": "m", "INCHES": "in", "FEET": "ft", "YARDS": "yd",
    "KILOGRAMS": "kg", "GRAMS": "g", "POUNDS": "lb", "OUNCES": "oz", "MILLILITERS": "ml", "LITERS": "l",
}  # fmt: skip
CURRENCIES = frozenset(
    words("""
    AED ALL AMD ANG ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
    CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR
    ILS INR IQD ISK JMD JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP
    MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD
    SCR SEK SGD SHP SLL SRD SZL THB TJS TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XOF XPF
    YER ZAR ZMW
    """)
)


def category(kind: str) -> str:
    """Category of a type as a definition tells it."""
    plain = kind.removeprefix("list.")
    if plain.endswith("_reference"):
        return "REFERENCE"
    return next((name for name, kinds in CATEGORIES.items() if plain in kinds), "TEXT")
