from __future__ import annotations

from pathlib import Path

import pytest
from argon2 import PasswordHasher

from amalimart.access.principal import Role
from amalimart.control.store import ControlStore
from amalimart.control.users.passwords import MINIMUM_LENGTH, Passwords, new_password
from amalimart.core.errors import ConfigError, NotFound

PASSWORD = "correct-horse-battery"


def test_a_user_becomes_a_principal_with_its_rows(store: ControlStore) -> None:
    store.users.add(
        " Ama@Example.TEST ", display_name="Ama", role=Role.VENDOR, password=PASSWORD, vendor_ids=["v2", "v1"]
    )
    principal = store.users.get("ama@example.test").principal
    assert principal.subject == "ama@example.test"
    assert principal.role is Role.VENDOR
    assert principal.vendor_ids == frozenset({"v1", "v2"})
    assert principal.delivery_partner_ids == frozenset()


def test_an_address_is_taken_whatever_its_case(store: ControlStore) -> None:
    store.users.add("ama@example.test", display_name="Ama", role=Role.ADMIN, password=PASSWORD)
    with pytest.raises(ConfigError, match=r"already a user ama@example\.test"):
        store.users.add("AMA@example.test", display_name="Ama 2", role=Role.ADMIN, password=PASSWORD)


@pytest.mark.parametrize(
    "email", ["", "ama", "a@b@c", "a b@c", "<a>@c", "a@c;d", "@c", "a@", "x" * 65 + "@c"]
)
def test_what_is_not_an_address_is_refused(store: ControlStore, email: str) -> None:
    with pytest.raises(ConfigError, match="not an e-mail address"):
        store.users.add(email, display_name="x", role=Role.ADMIN, password=PASSWORD)


def test_an_update_changes_only_what_is_given(store: ControlStore) -> None:
    store.users.add(
        "kofi@example.test", display_name="Kofi", role=Role.VENDOR, password=PASSWORD, vendor_ids=["v1"]
    )
    changed = store.users.update("kofi@example.test", role=Role.ANALYST)
    assert (changed.role, changed.display_name, changed.vendor_ids) == (
        Role.ANALYST,
        "Kofi",
        frozenset({"v1"}),
    )
    assert store.sign_in.verify("kofi@example.test", PASSWORD).role is Role.ANALYST


def test_an_unknown_user_is_named_with_the_nearest(store: ControlStore) -> None:
    store.users.add("kofi@example.test", display_name="Kofi", role=Role.ADMIN, password=PASSWORD)
    with pytest.raises(NotFound) as caught:
        store.users.update("kofy@example.test", enabled=False)
    assert caught.value.nearest == "kofi@example.test"


@pytest.mark.parametrize("password", ["", "x" * (MINIMUM_LENGTH - 1), "x" * 1025])
def test_a_password_of_a_bad_length_is_refused(store: ControlStore, password: str) -> None:
    with pytest.raises(ConfigError, match="password is too"):
        store.users.add("a@example.test", display_name="A", role=Role.ADMIN, password=password)


def test_the_file_holds_an_argon2id_hash_and_never_the_password(store: ControlStore, tmp_path: Path) -> None:
    store.users.add("a@example.test", display_name="A", role=Role.ADMIN, password=PASSWORD)
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"$argon2id$" in held
    assert PASSWORD.encode() not in held


def test_only_the_owner_may_read_the_file(store: ControlStore, tmp_path: Path) -> None:
    assert store.users.list() == []
    assert (tmp_path / "control.db").stat().st_mode & 0o077 == 0


def test_the_default_cost_is_the_recommended_one() -> None:
    assert Passwords().hash(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_hash_of_another_cost_is_renewed_at_sign_in(store: ControlStore) -> None:
    store.users.add("a@example.test", display_name="A", role=Role.ADMIN, password=PASSWORD)
    dearer = Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    store.sign_in._passwords = dearer
    store.sign_in.verify("a@example.test", PASSWORD)
    with store.engine.connect() as connection:
        stored: str = connection.exec_driver_sql("select password_hash from users").scalar_one()
    assert not dearer.is_outdated(stored)


def test_made_passwords_are_long_and_never_the_same() -> None:
    made = {new_password() for _ in range(200)}
    assert len(made) == 200
    assert all(len(password) == 23 and password.count("-") == 3 for password in made)
