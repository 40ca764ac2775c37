"""What subscribers answered when they joined: survey results, and metadata of some subscriptions."""

import json

from cratejoy_sandbox.cratejoy.tables import ProductSurveyResult, SubscriptionMetadata
from cratejoy_sandbox.generator.clock import moment
from cratejoy_sandbox.generator.people import words
from cratejoy_sandbox.generator.world import World


def write_survey(world: World, subscription_id: int, started: int) -> None:
    """Emit what the subscriber answered when they joined, on some subscriptions as metadata too."""
    teas = words("phrases")["teas"]
    chosen = [tea for tea in teas if world.happens(0.4)] or [teas[0]]
    options = [{"id": number, "slug": tea, "value": tea} for number, tea in enumerate(teas, 1)]
    number, answer = world.ids.take(started), world.ids.take(started)
    asked = {"id": 55_000_070, "name": "Favourite teas", "type": 4, "options": options}
    answers = [{"id": answer, "value": "|".join(chosen), "field": asked}]
    world.emit("product_survey_results", ProductSurveyResult(number, subscription_id, json.dumps(answers)))
    if world.happens(0.3):
        data, at = json.dumps({"teas": chosen}), moment(started + 30)
        world.emit(
            "subscription_metadata",
            SubscriptionMetadata(world.ids.take(started), subscription_id, data, at, at),
        )
