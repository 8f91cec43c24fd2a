"""What is known of a check: how many of all rows broke it when it last ran whole, and how many since."""

import random

import duckdb

from amalimart.warehouse.releases.release_log import CheckResult, create_tables, record_checks


def test_what_is_known_is_the_last_whole_result_and_what_failed_since() -> None:
    dice = random.Random(11)  # noqa: S311 - dice, not secrets
    engine = duckdb.connect()
    create_tables(engine)
    known: dict[str, tuple[int, bool, int, int]] = {}
    for release in range(1, 30):
        results = [
            CheckResult(f"check {number}", number % 2 == 0, dice.choice([0, 0, 1, 7]), dice.random() < 0.4)
            for number in dice.sample(range(6), k=dice.randint(0, 6))
        ]
        record_checks(engine, release, results)
        for result in results:
            if result.is_whole:
                known[result.name] = (release, result.is_error, result.failing_rows, 0)
            elif result.failing_rows and result.name in known:
                _, is_error, rows, since = known[result.name]
                known[result.name] = (release, is_error, rows, since + result.failing_rows)
        told = engine.execute(
            "select check_name, release_id, is_error, failing_rows, failing_changes from meta.check_results"
        ).fetchall()
        assert {name: tuple(rest) for name, *rest in told} == known
    assert any(since for *_, since in known.values())
