"""Groups of people: none is small, and neither is anything that can be had by subtracting."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.people.merge import Codes, merge_traits, places
from steelyard.people.shown import SMALL

PLACES = st.lists(
    st.tuples(*(st.sampled_from(["a", "b", "c", ""]) for _ in range(3))), min_size=1, max_size=14
)


def groups_of(shown: list[tuple[str, ...]]) -> Codes:
    known = {place: n for n, place in enumerate(dict.fromkeys(shown))}
    return np.array([known[place] for place in shown])


def sums(*partitions: Codes) -> np.ndarray:
    """A row for each group: who is in it."""
    return np.array([codes == value for codes in partitions for value in np.unique(codes)], float)


def smallest_known(rows: np.ndarray, least: int) -> list[tuple[int, ...]]:
    """Sets of fewer people than `least` whose sum follows from the rows."""
    people = rows.shape[1]
    sets = [s for size in range(1, least) for s in combinations(range(people), size)]
    wanted = np.zeros((len(sets), people))
    for row, members in zip(wanted, sets, strict=True):
        row[list(members)] = 1
    _, scale, directions = np.linalg.svd(rows, full_matrices=False)
    basis = directions[scale > 1e-9]
    left_over = wanted - (wanted @ basis.T) @ basis
    found = np.flatnonzero(np.abs(left_over).max(axis=1, initial=0) < 1e-7)
    return [sets[at] for at in found if len(sets[at]) < people]


@settings(deadline=None)
@given(PLACES, st.integers(2, 5))
def test_every_place_is_large_and_shown_whole(people: list[tuple[str, ...]], least: int) -> None:
    sizes = {place: people.count(place) for place in people}
    shown = places(sizes, least)
    totals: dict[tuple[str, ...], int] = {}
    for place, size in sizes.items():
        totals[shown[place]] = totals.get(shown[place], 0) + size
    assert min(totals.values()) >= min(least, len(people))
    for level in range(3):
        names = {(place[level], shown[place][level]) for place in sizes}
        assert all(name in (own, SMALL) for own, name in names)
        assert len(names) == len({own for own, _ in names}), "a value is shown whole or not at all"


@settings(max_examples=300, deadline=None)
@given(PLACES, st.integers(2, 4))
def test_places_in_any_combination_tell_of_no_few(
    people: list[tuple[str, ...]], least: int
) -> None:
    """All answers about places together, by every combination of levels."""
    sizes = {place: people.count(place) for place in people}
    shown = [places(sizes, least)[place] for place in people]
    asked = [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]
    answers = [groups_of([tuple(name[at] for at in levels) for name in shown]) for levels in asked]
    assert smallest_known(sums(*answers), least) == []


def test_a_lone_chief_hides_the_smallest_neighbour_alone() -> None:
    teams: dict[tuple[str, ...], int] = {("r1", "d1", f"t{n}"): 7 for n in range(4)}
    shown = places({("", "board", "chief"): 1, **teams, ("r2", "d2", "t9"): 8}, 5)
    assert [name[2] for name in shown.values()] == [SMALL, "t0", "t1", "t2", "t3", SMALL]
    assert {name[1] for name in shown.values()} == {SMALL, "d1"}


def test_a_lone_director_hides_one_team_and_no_department() -> None:
    teams: dict[tuple[str, ...], int] = {("r", d, f"{d}{n}"): 6 for d in "ab" for n in range(3)}
    shown = places({("r", "a", ""): 1, **teams}, 5)
    assert {name[1] for name in shown.values()} == {"a", "b"}
    assert [name[2] for name in shown.values()].count(SMALL) == 2


@settings(max_examples=300, deadline=None)
@given(st.data(), st.integers(2, 4))
def test_no_two_partitions_tell_of_few(data: st.DataObject, least: int) -> None:
    people = data.draw(PLACES)
    drawn = st.lists(st.integers(1, 4), min_size=len(people), max_size=len(people))
    traits = [np.array(data.draw(drawn)) for _ in range(3)]
    sizes = {place: people.count(place) for place in people}
    groups = groups_of([places(sizes, least)[place] for place in people])
    found = merge_traits(groups, traits, least)
    shown = [
        np.where(np.isin(codes, list(merged)), 0, codes)
        for codes, merged in zip(traits, found, strict=True)
    ]
    for one, other in combinations([groups, *shown], 2):
        assert smallest_known(sums(one, other), least) == []


def test_a_trait_beside_large_teams_is_left_alone() -> None:
    teams = np.repeat(np.arange(12), 9)
    manager = np.tile([1, *[2] * 8], 12)
    assert merge_traits(teams, [manager], 5) == [set()]


def test_one_person_abroad_is_not_the_difference_of_two_sums() -> None:
    """Ten of a team are here; of the other all but one, who would be here less the first team."""
    teams = np.repeat([0, 1], 10)
    country = np.array([*[1] * 11, *[2] * 9])
    assert merge_traits(teams, [country], 5) == [{1, 2}]
