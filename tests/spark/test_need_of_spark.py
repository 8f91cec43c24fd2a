"""What becomes of the tests on Spark where it cannot run: a skip that says why, and a failure in CI."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.spark import session


@pytest.fixture
def old_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setattr(session, "find_spec", lambda _: object())


@pytest.mark.usefixtures("old_java")
def test_without_a_new_enough_java_a_developer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="Java 17"):
        session.need_spark()


@pytest.mark.usefixtures("old_java")
def test_without_a_new_enough_java_ci_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="Java 17"):
        session.need_spark()


def test_without_pyspark_its_lock_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "find_spec", lambda _: None)
    assert "requirements/spark.lock" in session.lacking()
