"""How faults are written, which requests meet them, and what is refused."""

import pytest
from cratejoy_sandbox.cratejoy.faults.grammar import FaultError, Faults, Visit, from_text
from cratejoy_sandbox.cratejoy.faults.switches import SWITCHES


def faults(**values):
    made = Faults()
    made.merge(values)
    return made


def met(made, *visits):
    return [bool(made.hits(visit)) for visit in visits]


def pages(*numbers, resource="customers", limit=10):
    return [Visit(resource, number, limit) for number in numbers]


def test_everything_is_off_at_first():
    assert Faults().hits(Visit("customers", 0, 10)) == {}


@pytest.mark.parametrize("name", SWITCHES)
def test_the_example_of_every_switch_is_valid(name):
    assert faults(**{name: SWITCHES[name].example}).values()


def test_a_bare_value_sets_the_main_option():
    assert faults(count_off=-3).hits(Visit("orders", 0, 10))["count_off"]["by"] == -3


def test_a_fault_may_be_limited_to_resources():
    made = faults(status={"resource": ["customers", "orders"]})
    assert met(made, Visit("customers"), Visit("orders"), Visit("carts")) == [True, True, False]


def test_a_fault_may_be_limited_to_pages():
    assert met(faults(html={"pages": [1, 3]}), *pages(0, 1, 2, 3)) == [False, True, False, True]
    assert met(faults(html={"from_page": 2}), *pages(0, 1, 2, 3)) == [False, False, True, True]


def test_a_fault_may_stop_after_some_times():
    assert met(faults(status={"pages": [3], "times": 2}), *pages(3, 0, 3, 3)) == [True, False, True, False]


def test_a_fault_may_come_every_nth_time():
    assert met(faults(dropped={"every": 3}), *pages(0, 0, 0, 0, 0, 0)) == [False, False, True, False, False, True]


def test_a_fault_may_depend_on_the_page_size():
    made = faults(status={"limit_at_least": 100})
    assert met(made, Visit("orders", 0, 99), Visit("orders", 0, 100)) == [False, True]


def test_a_fault_may_follow_one_row():
    made = faults(status={"row": 7})
    assert met(made, Visit("orders", 0, 10), Visit("orders", 0, 10, {6, 8}), Visit("orders", 3, 2, {7})) == [
        False,
        False,
        True,
    ]


def test_a_fault_may_be_met_only_above_a_rate():
    assert met(faults(rate_limited={"faster_than": 3}), *pages(*range(6))) == [False, False, False, True, True, True]


def test_chance_is_drawn_from_the_seed():
    first = met(faults(status={"chance": 0.5, "seed": 1}), *pages(*range(40)))
    assert first == met(faults(status={"chance": 0.5, "seed": 1}), *pages(*range(40)))
    assert first != met(faults(status={"chance": 0.5, "seed": 2}), *pages(*range(40)))
    assert 10 < sum(first) < 30


def test_a_list_gives_a_fault_several_shapes():
    made = faults(status=[{"resource": "orders", "status": 403}, {"resource": "carts", "status": 404}])
    assert made.hits(Visit("orders"))["status"]["status"] == 403
    assert made.hits(Visit("carts"))["status"]["status"] == 404


def test_null_and_false_switch_off():
    made = faults(html=True, count_null=True)
    made.merge({"html": None, "count_null": False})
    assert made.values() == {}


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"nonsense": True}, "There is no fault 'nonsense'; `sandbox faults` lists them."),
        ({"nulls": {"row": 7}}, "The fault 'nulls' cannot be limited to a row."),
        ({"html": 3}, "The fault 'html' takes true or an object, not 3."),
        ({"status": {"colour": 1}}, "The fault 'status' has no option 'colour'."),
        ({"status": {"pages": 3}}, "'pages' of the fault 'status' cannot be 3."),
        ({"status": {"times": 0}}, "'times' of the fault 'status' cannot be 0."),
        ({"status": "x"}, "'status' of the fault 'status' cannot be \"x\"."),
        ({"shuffled": "up"}, "'how' of the fault 'shuffled' cannot be \"up\"; it is one of stable, anew."),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(value, sentence):
    with pytest.raises(FaultError, match=r".") as error:
        faults(**value)
    assert str(error.value) == sentence


def test_a_refused_merge_changes_nothing():
    made = faults(html=True)
    with pytest.raises(FaultError):
        made.merge({"html": None, "nonsense": 1})
    assert made.values() == {"html": True}


def test_the_command_line_takes_json_text_or_a_bare_name():
    assert from_text("count_off=-2") == ("count_off", -2)
    assert from_text("shuffled=anew") == ("shuffled", "anew")
    assert from_text("html") == ("html", True)
    assert from_text('status={"pages": [1]}') == ("status", {"pages": [1]})
