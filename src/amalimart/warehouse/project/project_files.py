"""The dbt project of one installation: packaged models, the project's overlay, generated staging, rollups.

Assembled into a build folder that plain dbt can run too. An overlay model replaces the packaged
one of the same file name. The content hash names the compiled form: same files, same hash.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from amalimart.core.errors import UnsupportedFeature
from amalimart.core.rollups import RollupTable
from amalimart.warehouse.rollups.files import write_rollups
from amalimart.warehouse.staging.files import write_staging
from amalimart.warehouse.staging.landed import LandedSource, bronze_view

__all__ = ["LandedSource", "ProjectSettings", "assemble", "bronze_view"]

PACKAGED_PROJECT = Path(__file__).parents[2] / "marketplace" / "dbt"
SPARK_SETTINGS = {
    "spark.sql.ansi.enabled": "true",  # what cannot be computed is an error, never a silent null or a wrap
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",  # names are quoted as in standard SQL
    "spark.sql.session.timeZone": "UTC",  # moments stand in the business zone without saying so
    "spark.sql.variable.substitute": "false",  # a text that holds ${x} is that text
}
"""What a Spark session needs to understand the models as they are meant."""
_PROFILES = f"""\
amalimart:
  target: warehouse
  outputs:
    warehouse:
      type: duckdb
      path: "{{{{ env_var('AMALIMART_DBT_DATABASE') }}}}"
      threads: 1
    spark:
      type: spark
      method: session
      host: none
      schema: gold
      server_side_parameters: {json.dumps(SPARK_SETTINGS)}
"""


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """What an installation decides for its models."""

    business_zone: str
    sla_days_express: int = 2
    sla_days_standard: int = 5
    fiscal_year_start_month: int = 1
    week_starts_on: str = "monday"

    def dbt_vars(self) -> dict[str, int | str]:
        """The variables the models read."""
        return {
            "business_zone": self.business_zone,
            "sla_days_express": self.sla_days_express,
            "sla_days_standard": self.sla_days_standard,
            "fiscal_year_start_month": self.fiscal_year_start_month,
            "week_starts_on": self.week_starts_on,
        }


def assemble(
    folder: Path,
    sources: Iterable[LandedSource],
    settings: ProjectSettings,
    overlays: tuple[Path, ...] = (),
    packaged: Path = PACKAGED_PROJECT,
    rollups: Sequence[RollupTable] = (),
) -> str:
    """Write the whole dbt project into `folder` and return its content hash.

    Raises ConfigError, UnsupportedFeature for an overlay file that could not be run.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(packaged, folder, ignore=shutil.ignore_patterns(".*", "target", "logs"))
    for overlay in overlays:
        _overlay(folder, overlay)
    _bring_macros(folder)
    landed = tuple(sources)
    write_staging(folder / "models" / "staging", folder / "tests", landed, settings.business_zone)
    write_rollups(folder / "models" / "rollups", rollups)
    (folder / "profiles.yml").write_text(_PROFILES)
    return _content_hash(folder, settings, landed)


def _bring_macros(folder: Path) -> None:
    """The macros that generated models call, also where the project has none."""
    macros = Path("macros", "staging")
    shutil.copytree(PACKAGED_PROJECT / macros, folder / macros, dirs_exist_ok=True)


def _sorted(source: LandedSource) -> list[tuple[str, Mapping[str, str]]]:
    return sorted(source.tables.items(), key=lambda landed: landed[0])


def _overlay(folder: Path, overlay: Path) -> None:
    if not overlay.is_dir():
        return
    packaged = {path.name: path for path in (folder / "models").rglob("*") if path.is_file()}
    for path in sorted(overlay.rglob("*")):
        if path.suffix in {".py", ".csv"}:
            raise UnsupportedFeature(
                f"the overlay holds {path.name}, which the executor does not run",
                where=str(path),
                expected="models in .sql and their descriptions in .yml",
                next_step="write the model in SQL, or land the data as a source",
            )
        if path.suffix in {".sql", ".yml", ".yaml"} and not path.name.startswith("."):
            target = packaged.get(path.name, folder / "models" / "overlay" / path.relative_to(overlay))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def _content_hash(folder: Path, settings: ProjectSettings, landed: tuple[LandedSource, ...]) -> str:
    digest = hashlib.sha256()
    # A landed type that widens changes what the models hold, although it may change no file.
    types = [
        (source.name, table, *columns.items()) for source in landed for table, columns in _sorted(source)
    ]
    digest.update(repr(types).encode())
    digest.update(
        f"{version('dbt-core')} {version('dbt-duckdb')} {sorted(settings.dbt_vars().items())}".encode()
    )
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
