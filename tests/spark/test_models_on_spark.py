"""Every staging and silver model on Spark and in DuckDB: the same rows of the same columns.

The packaged mappings fill every model; the kiosk, which uses every form of a mapping, fills the staging
of two entities.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from amalimart.mapping.source_mapping import find_mapping, load_mapping
from tests.spark.both_builds import PORTABLE, BothBuilds
from tests.spark.session import Spark
from tests.spark.shops import KIOSK, Shop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
TYPED = {"amalimart": False, "demo": True, "kiosk": False, "kiosk, typed": True}
"""Shop -> whether its columns have types; the packaged mappings and one that uses every form."""


@pytest.fixture(scope="module", params=TYPED)
def builds(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, spark: Spark
) -> Iterator[BothBuilds]:
    folder = tmp_path_factory.mktemp("shop")
    name = str(request.param).partition(",")[0]
    if name == "kiosk":
        (folder / "kiosk.yml").write_text(KIOSK)
    mapping = load_mapping(folder / "kiosk.yml" if name == "kiosk" else find_mapping(name))
    shop = Shop(folder, name, mapping, is_typed=TYPED[request.param])
    shop.land()
    both = BothBuilds(folder, shop, ["staging"] if name == "kiosk" else PORTABLE)
    both.build_on_spark(spark)
    yield both
    both.close()


def test_every_model_has_the_same_rows_on_spark(builds: BothBuilds, spark: Spark) -> None:
    assert sorted(model.place for model in builds.models) == builds.names
    assert len(builds.names) > (140 if "silver.orders" in builds.names else 6)
    apart: dict[str, object] = {}
    for name in builds.names:
        told = f"select * from {name}"
        ours = builds.in_duckdb(name)
        theirs = builds.counted(spark.rows(told))
        if [column for column, _ in spark.columns(told)] != builds.columns_in_duckdb(name):
            apart[name] = ("other columns", spark.columns(told))
        elif ours != theirs:
            apart[name] = (list((ours - theirs).elements())[:3], list((theirs - ours).elements())[:3])
    assert apart == {}


def test_the_shop_is_untidy_enough_to_tell(builds: BothBuilds) -> None:
    """Rows of every fate are among what was compared."""
    accounts = builds.in_duckdb("silver.reconciliation")
    superseded, _, _, accepted, quarantined, repaired = (
        sum(row[place] * count for row, count in accounts.items()) for place in range(5, 11)
    )
    assert superseded or not builds.shop.is_typed  # only a database tells a row again
    assert accepted
    assert quarantined
    assert repaired
    assert builds.in_duckdb("silver.enum_drift")
    assert builds.in_duckdb("silver.quarantine")
