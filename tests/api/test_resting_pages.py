"""A page that takes long is not answered anew with every release, and never older than it says."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from amalimart.api.dashboards.kept_pages import KeptPage, KeptPages
from amalimart.api.dashboards.page import Page
from amalimart.api.dashboards.resting import MOST
from amalimart.api.ports.publishing import PublishedRelease

AT = datetime(2026, 3, 1, tzinfo=UTC)


class House:
    """Publishes releases, each with other numbers, and answers one page, in as many seconds as is said."""

    def __init__(self, rest: float = 4, seconds: float = 1) -> None:
        self.now, self.seconds, self.release_id, self.answered = 0.0, seconds, 1, 0
        self.meanwhile: Any = lambda: None
        self.pages = KeptPages(rest=rest, clock=lambda: self.now)

    def publish(self) -> None:
        self.release_id += 1

    def newest(self) -> PublishedRelease:
        return PublishedRelease(self.release_id, AT, AT)

    def page(self, key: str = "admin") -> KeptPage:
        return self.pages.page(
            key, self.newest(), lambda: (), lambda _: self.release_id, lambda: self._answered(self.release_id)
        )

    def _answered(self, release_id: int) -> Page:
        self.answered += 1
        self.now += self.seconds
        self.meanwhile()
        release = {"release_id": release_id, "published_at": AT, "fresh_as_of": AT}
        return Page({"lists": {}, "tiles": [], "shown": release_id, "release": release}, release_id)


def after(house: House, seconds: float) -> int:
    """The release of the page that somebody sees, who looks so long after the next release came."""
    house.page()
    house.page()  # which is still of the newest release
    house.publish()
    house.now += seconds
    return house.page().release_id


def test_a_page_rests_for_four_times_as_long_as_it_took() -> None:
    assert after(House(seconds=2), 7.9) == 1
    assert after(House(seconds=2), 8.1) == 2


def test_what_is_cheap_is_of_the_newest_release() -> None:
    assert after(House(seconds=0.02), 0.1) == 2


def test_no_page_rests_longer_than_the_most() -> None:
    assert after(House(seconds=60), MOST - 0.1) == 1
    assert after(House(seconds=60), MOST + 0.1) == 2


def test_beside_others_a_page_rests_longer() -> None:
    house = House(seconds=1)
    house.page("analyst")
    assert after(house, 7.9) == 1
    house = House(seconds=1)
    house.page("analyst")
    assert after(house, 8.1) == 2


def test_without_rest_every_release_is_answered() -> None:
    assert after(House(rest=0, seconds=60), 0) == 2


def test_the_rest_begins_when_the_page_was_last_of_the_newest_release() -> None:
    house = House(seconds=2)
    house.page()
    house.now += 100
    assert after(house, 7.9) == 1
    assert house.answered == 1


def test_a_page_says_the_release_that_it_shows() -> None:
    house = House(seconds=2)
    house.page()
    house.publish()
    page = house.page()
    assert (page.release_id, page.release["release_id"], b'"shown": 1' in page.plain) == (1, 1, True)


def test_whoever_comes_while_it_is_answered_anew_does_not_wait() -> None:
    house = House(seconds=2)
    house.page()
    house.publish()
    house.now += 8.1
    seen: list[int] = []
    house.meanwhile = lambda: seen.append(house.page().release_id)
    assert house.page().release_id == 2
    assert (seen, house.answered) == ([1], 2)


def test_pages_whose_rest_has_ended_are_answered_one_after_the_other() -> None:
    """Unless one has rested for twice as long: then it is answered whatever else is."""
    for waited, seen_meanwhile in ((17, 1), (35, 2)):
        house = House(seconds=2)
        house.page("admin")
        house.page("analyst")
        house.publish()
        house.now += waited
        seen: list[int] = []

        def meanwhile(house: House = house, seen: list[int] = seen) -> None:
            house.meanwhile = lambda: None
            seen.append(house.page("analyst").release_id)

        house.meanwhile = meanwhile
        assert house.page("admin").release_id == 2
        assert seen == [seen_meanwhile]
        assert (house.page("analyst").release_id, house.answered) == (2, 4)


def test_a_page_of_a_release_that_came_meanwhile_is_kept_while_that_is_the_newest() -> None:
    house = House(seconds=2)
    before = house.newest()
    house.publish()

    def page() -> int:
        made = house.pages.page(
            "admin", before, tuple, lambda _: 1, lambda: house._answered(house.release_id)
        )
        return made.release_id

    assert (page(), house.page().release_id, house.answered) == (2, 2, 1)
    house.publish()
    house.now += 100
    before = house.newest()
    assert (page(), house.answered) == (3, 2)  # that its tables are as they were is not known of it


def test_one_that_is_begun_before_all_are_let_go_of_is_not_kept() -> None:
    house = House()
    house.meanwhile = house.pages.clear
    house.page()
    house.meanwhile = lambda: None
    house.page()
    assert house.answered == 2


def test_a_page_of_an_earlier_release_does_not_take_the_place_of_a_later_one() -> None:
    house = House(seconds=2)
    seen: list[int] = []

    def meanwhile() -> None:
        if not seen:
            seen.append(1)
            house.publish()
            seen.append(house.page().release_id)

    house.meanwhile = meanwhile
    assert house.page().release_id == 1
    assert (seen, house.page().release_id, house.answered) == ([1, 2], 2, 2)


def test_one_that_is_too_old_is_waited_for() -> None:
    house = House(seconds=2)
    house.page()
    house.publish()
    house.now += 100
    is_asked, goes_on, seen = threading.Event(), threading.Event(), []

    def wait() -> None:
        is_asked.set()
        goes_on.wait(10)

    house.meanwhile = wait
    first = threading.Thread(target=house.page)
    first.start()
    assert is_asked.wait(10)
    second = threading.Thread(target=lambda: seen.append(house.page().release_id))
    second.start()
    second.join(0.2)
    assert seen == []
    goes_on.set()
    first.join(10)
    second.join(10)
    assert (seen, house.answered) == ([2], 2)


def test_what_could_not_be_answered_leaves_the_page_that_rests() -> None:
    house = House(seconds=2)
    house.page()
    house.publish()
    house.now += 8.1

    def fail() -> None:
        raise RuntimeError("the engine is gone")

    house.meanwhile = fail
    with pytest.raises(RuntimeError, match="gone"):
        house.page()
    house.meanwhile = lambda: None
    assert house.page().release_id == 2


def test_a_page_that_is_let_go_of_does_not_rest() -> None:
    house = House(seconds=2)
    house.page()
    house.publish()
    house.pages.clear()
    assert house.page().release_id == 2
