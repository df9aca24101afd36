"""Labels stand where they cover the least of what somebody else has placed."""

from __future__ import annotations

from mainspring.drawing.flowchart import Figure, Flowchart, Line, Plan, Spot
from mainspring.drawing.label_places import label_places

GATEWAY = Figure("gateway", form="diamond", label="enough of it?")
END = Figure("end", form="circle", label="nothing more")


def shares(one: Spot, other: Spot) -> bool:
    return one.x < other.right and other.x < one.right and one.y < other.bottom and other.y < one.bottom


def test_a_label_that_has_room_stands_where_it_usually_does():
    places = label_places(Flowchart((END,)), Plan({"end": Spot(100, 100, 36, 36)}))
    assert (places["end"].middle[0], places["end"].y) == (118, 141)


def test_labels_of_an_end_above_a_gateway_cover_neither_each_other_nor_the_line_between():
    spots = {"gateway": Spot(93, 170, 50, 50), "end": Spot(100, 100, 36, 36)}
    way = ((118.0, 170.0), (118.4, 136.0))  # hand-made: not quite upright
    plan = Plan(spots, {"up": way})
    places = label_places(Flowchart((GATEWAY, END), (Line("up", "gateway", "end"),)), plan)
    taken = [*spots.values(), Spot(117, 136, 2, 34)]
    assert not shares(places["gateway"], places["end"])
    assert not any(shares(place, other) for place in places.values() for other in taken)


def test_a_label_keeps_out_of_the_heading_of_its_band():
    band = Figure("band", form="band", label="Sales", inside=(END,))
    plan = Plan({"band": Spot(0, 0, 400, 120), "end": Spot(32, 20, 36, 36)})
    assert label_places(Flowchart((band,)), plan)["end"].x >= 30


def test_a_place_that_the_diagram_names_is_kept():
    plan = Plan({"end": Spot(100, 100, 36, 36)}, labels={"end": Spot(0, 0, 60, 13)})
    assert label_places(Flowchart((END,)), plan) == {}
