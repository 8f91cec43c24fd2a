"""Signing in by an identity provider: who gets in, and every way in which nobody does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import RSAKey

from amalimart.access.principal import Role
from amalimart.control.audit.decisions import entries
from amalimart.control.single_sign_on.flow import LASTS, SingleSignOn
from amalimart.control.store import ControlStore
from amalimart.control.users.user import User
from amalimart.core.errors import IdentityProviderUnavailable, LastAdmin, NotSignedIn
from tests.control.fake_provider import ISSUER, KEYS, WAY_BACK, FakeProvider, signing_on, unsigned

if TYPE_CHECKING:
    from tests.control.conftest import HandClock

PASSWORD = "correct-horse-battery"


@pytest.fixture
def provider(clock: HandClock) -> FakeProvider:
    return FakeProvider(clock)


@pytest.fixture
def enter(provider: FakeProvider, store: ControlStore, clock: HandClock) -> Callable[..., User]:
    """Signs in by the provider, with these settings changed."""

    def signed_in(**changes: Any) -> User:
        return entered(signing_on(provider, store, clock, **changes), provider)

    return signed_in


def entered(flow: SingleSignOn, provider: FakeProvider) -> User:
    begun = flow.begin("/status", WAY_BACK)
    user, following = flow.finish(provider.visited(begun.address), begun.state)
    assert following == "/status"
    return user


def actions(store: ControlStore) -> list[str]:
    return [each.action for each in entries(store.engine)]


def test_a_new_person_is_made_in_the_role_and_with_the_ids_that_the_claims_give(
    enter: Callable[..., User], store: ControlStore, provider: FakeProvider
) -> None:
    user = enter()
    assert (user.email, user.display_name, user.role) == ("ama@example.com", "Ama Serwaa", Role.VENDOR)
    assert user.vendor_ids == {"17"}
    assert actions(store) == ["user.added", "user.linked"]
    assert not store.administration.get(user.user_id).has_password
    with pytest.raises(NotSignedIn):
        store.sign_in.verify("ama@example.com", "")
    provider.claims = {"vendors": [23, "17"], "groups": ["nothing", "sellers", "bosses"]}
    assert enter().role is Role.ADMIN, "the first group of the settings counts"
    assert actions(store)[2:] == ["user.changed"]


def test_a_group_may_give_a_role_of_the_projects_own_with_the_ids_of_the_claims(
    enter: Callable[..., User], provider: FakeProvider
) -> None:
    provider.claims = {"vendors": ["17"], "shops": ["b1"]}
    user = enter(roles={"sellers": "clerk"}, business_ids_claim="shops")
    assert (user.role, user.role.is_packaged) == (Role("clerk"), False)
    assert [*user.vendor_ids, *user.business_ids] == ["17", "b1"]
    provider.claims |= {"role": "clerk"}
    named: dict[str, Any] = {"groups_claim": None, "roles": {}, "role_claim": "role"}
    assert enter(**named).role is Role("clerk")


def test_a_role_that_there_is_no_more_lets_nobody_in(enter: Callable[..., User], store: ControlStore) -> None:
    enter()
    with pytest.raises(NotSignedIn, match="No role"):
        enter(roles={"sellers": "packer"})
    assert actions(store)[-1] == "user.turned_away"


def test_a_vendor_may_be_given_businesses_alone(enter: Callable[..., User], provider: FakeProvider) -> None:
    provider.claims = {"vendors": [], "shops": ["b1"]}
    assert enter(business_ids_claim="shops").business_ids == {"b1"}


def test_the_browser_is_sent_with_a_challenge_that_only_the_exchange_answers(
    provider: FakeProvider, store: ControlStore, clock: HandClock
) -> None:
    flow = signing_on(provider, store, clock)
    begun = flow.begin("/", WAY_BACK)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(begun.address).query).items()}
    assert begun.address.startswith(f"{ISSUER}/authorize?")
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["redirect_uri"] == WAY_BACK
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    flow.finish(provider.visited(begun.address), begun.state)
    exchange = next(each for each in provider.asked if each.url.path == "/token")
    form = {name: values[0] for name, values in parse_qs(exchange.content.decode()).items()}
    assert create_s256_code_challenge(form["code_verifier"]) == asked["code_challenge"]
    assert form["redirect_uri"] == WAY_BACK
    assert exchange.headers["authorization"].startswith("Basic ")
    assert "s3cret" not in exchange.content.decode() + begun.address
    again = flow.begin("/", WAY_BACK)
    assert again.state != begun.state


def test_a_verified_address_is_its_user_and_without_a_mapping_keeps_the_role(
    enter: Callable[..., User], store: ControlStore
) -> None:
    added = store.users.add("AMA@example.com", display_name="A", role=Role.ANALYST, password=PASSWORD)
    plain: dict[str, Any] = {"groups_claim": None, "roles": {}, "vendor_ids_claim": None}
    assert enter(**plain) == added
    assert store.sign_in.verify("ama@example.com", PASSWORD).user_id == added.user_id


def test_without_a_mapping_nobody_is_made(enter: Callable[..., User], store: ControlStore) -> None:
    with pytest.raises(NotSignedIn, match="no user with your e-mail address"):
        enter(groups_claim=None, roles={}, vendor_ids_claim=None)
    assert store.users.list() == []


@pytest.mark.parametrize(
    "claims",
    [
        {"groups": []},
        {"groups": None},
        {"groups": "others"},
        {"groups": {"sellers": True}},
        {"vendors": []},
        {"vendors": None},
        {"vendors": [True, None, {"id": 1}]},
    ],
)
def test_without_a_role_or_its_ids_nobody_is_made(
    enter: Callable[..., User], store: ControlStore, provider: FakeProvider, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    with pytest.raises(NotSignedIn, match="No role"):
        enter()
    assert store.users.list() == []


@pytest.mark.parametrize(
    ("named", "role"),
    [("analyst", Role.ANALYST), (["support"], Role.SUPPORT), ("service", None), ("root", None)],
)
def test_a_claim_may_name_the_role_itself(
    enter: Callable[..., User], provider: FakeProvider, named: object, role: Role | None
) -> None:
    provider.claims = {"role": named}
    direct: dict[str, Any] = {"groups_claim": None, "roles": {}, "role_claim": "role"}
    if role is None:
        with pytest.raises(NotSignedIn, match="No role"):
            enter(**direct)
    else:
        assert enter(**direct).role is role


def test_a_group_that_was_taken_away_denies_the_next_sign_in_and_ends_sessions(
    enter: Callable[..., User], store: ControlStore, provider: FakeProvider
) -> None:
    token = store.sessions.open(enter()).token
    assert store.sessions.resolve(token) is not None
    provider.claims = {"groups": ["none"]}
    with pytest.raises(NotSignedIn, match="No role"):
        enter()
    assert store.sessions.resolve(token) is None
    assert actions(store)[-1] == "user.turned_away"
    provider.claims = {}
    assert enter().role is Role.VENDOR


def test_a_disabled_user_stays_out(enter: Callable[..., User], store: ControlStore) -> None:
    store.administration.add("boss@example.com", by="x", role=Role.ADMIN)
    store.administration.disable(enter().user_id, by="x")
    with pytest.raises(NotSignedIn, match="disabled"):
        enter()


def test_the_claims_do_not_take_the_last_admin(enter: Callable[..., User], store: ControlStore) -> None:
    store.users.add("ama@example.com", display_name="A", role=Role.ADMIN, password=PASSWORD)
    with pytest.raises(LastAdmin):
        enter()
    assert store.users.get("ama@example.com").role is Role.ADMIN


def test_an_address_that_went_to_somebody_else_is_not_its_former_user(
    enter: Callable[..., User], store: ControlStore, provider: FakeProvider
) -> None:
    user = enter()
    provider.claims = {"sub": "u-2"}
    with pytest.raises(NotSignedIn, match="different users"):
        enter()
    provider.claims = {"email": "other@example.com"}
    with pytest.raises(NotSignedIn, match="different users"):
        enter()
    store.administration.unlink(user.user_id, by="x")
    provider.claims = {"sub": "u-2"}
    assert enter() == user


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "true"},
        {"email": None},
        {"email": ["ama@example.com"]},
        {"email": "ama@evil.com"},
        {"email": "ama@example.com.evil.com"},
        {"email": "ama@example.com@evil.com"},
        {"sub": ""},
        {"sub": 7},
    ],
)
def test_an_address_that_is_not_vouched_for_or_of_another_domain_stays_out(
    enter: Callable[..., User], store: ControlStore, provider: FakeProvider, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    with pytest.raises(NotSignedIn):
        enter(allowed_domains=("example.com",))
    assert store.users.list() == []


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://id.evil.com"},
        {"iss": f"{ISSUER}/"},
        {"iss": None},
        {"aud": "other"},
        {"aud": None},
        {"aud": ["amalimart", "other"]},
        {"aud": ["amalimart", "other"], "azp": "other"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"iat": None},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
)
def test_a_token_that_is_not_right_in_one_respect_opens_nothing(
    enter: Callable[..., User], store: ControlStore, provider: FakeProvider, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    with pytest.raises(NotSignedIn, match="cannot be trusted"):
        enter()
    assert store.users.list() == []


def forgeries(provider: FakeProvider) -> dict[str, str]:
    """Tokens that say what is right and are not the provider's, by how they were made."""
    said, own = provider.right_claims(), KEYS["own"]
    public = KEYS["one"].as_pem(private=False)
    same = RSAKey.import_key(KEYS["one"].as_pem(private=True))
    head, body, signature = provider.signed().split(".")
    carrying = {"alg": "RS256", "kid": "mine", "jwk": own.as_dict(private=False)}
    return {
        "none": unsigned(said),
        "signed with the public key": unsigned(said, "HS256", public),
        "another key of the same name": jwt.encode({"alg": "RS256", "kid": "one"}, said, own),
        "altered": ".".join((head, f"{body[:-4]}AAAA", signature)),
        "an algorithm that is not allowed": jwt.encode(
            {"alg": "RS384", "kid": "one"}, said, same, algorithms=["RS384"]
        ),
        "brings its own key": jwt.encode(carrying, said, own),
        "no token": "no token",
        "no parts": "a.b.c",
        "only dots": "....",
    }


def test_a_forged_token_opens_nothing(provider: FakeProvider, store: ControlStore, clock: HandClock) -> None:
    flow = signing_on(provider, store, clock)
    flow.begin("/", WAY_BACK)
    for how in forgeries(provider):
        begun = flow.begin("/", WAY_BACK)
        answer = provider.visited(begun.address)
        provider.token = forgeries(provider)[how]
        with pytest.raises(NotSignedIn, match="cannot be trusted"):
            flow.finish(answer, begun.state)
        assert store.users.list() == [], how


def test_keys_that_the_provider_changed_are_read_again_but_not_at_every_token(
    provider: FakeProvider, store: ControlStore, clock: HandClock
) -> None:
    flow = signing_on(provider, store, clock)
    entered(flow, provider)

    def read() -> int:
        return sum(each.url.path == "/keys" for each in provider.asked)

    assert read() == 1
    provider.signing, provider.published = "two", ("two",)
    with pytest.raises(NotSignedIn):
        entered(flow, provider)
    clock.forward(timedelta(seconds=30))
    entered(flow, provider)
    assert read() == 2
    provider.signing = "one"
    for _ in range(3):
        with pytest.raises(NotSignedIn):
            entered(flow, provider)
    assert read() == 2, "a key that was withdrawn is unknown, and asked for seldom"


def test_a_sign_in_ends_once_in_the_browser_that_began_it_and_in_time(
    provider: FakeProvider, store: ControlStore, clock: HandClock
) -> None:
    flow = signing_on(provider, store, clock)
    begun = flow.begin("/", WAY_BACK)
    answer = provider.visited(begun.address)
    for given, kept in (
        (answer, ""),
        (answer, "another"),
        ({**answer, "state": "another"}, begun.state),
        ({**answer, "state": "another"}, "another"),
        ({**answer, "state": "\ud800é"}, begun.state),
        ({"code": "x"}, begun.state),
        ({}, ""),
    ):
        with pytest.raises(NotSignedIn, match="not begun in this browser"):
            flow.finish(given, kept)
    flow.finish(answer, begun.state)
    with pytest.raises(NotSignedIn, match="is over already"):
        flow.finish(answer, begun.state)
    late = flow.begin("/", WAY_BACK)
    clock.forward(LASTS)
    with pytest.raises(NotSignedIn, match="took too long"):
        flow.finish(provider.visited(late.address), late.state)


def test_a_code_that_was_used_already_is_refused_by_the_provider(
    provider: FakeProvider, store: ControlStore, clock: HandClock
) -> None:
    flow = signing_on(provider, store, clock)
    stolen = provider.visited(flow.begin("/", WAY_BACK).address)["code"]
    entered(flow, provider)
    mine = flow.begin("/", WAY_BACK)
    with pytest.raises(NotSignedIn, match="did not confirm"):
        flow.finish({"code": stolen, "state": mine.state}, mine.state)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"error": "access_denied", "error_description": "<script>"}, "did not sign you in"),
        ({"code": ""}, "did not sign you in"),
        ({"code": "x" * 5000}, "did not sign you in"),
        ({"code": "x", "iss": "https://id.evil.com"}, "another identity provider"),
    ],
)
def test_what_the_provider_refuses_is_said_calmly_in_our_words(
    provider: FakeProvider, store: ControlStore, clock: HandClock, answer: dict[str, str], said: str
) -> None:
    flow = signing_on(provider, store, clock)
    begun = flow.begin("/", WAY_BACK)
    with pytest.raises(NotSignedIn, match=said) as caught:
        flow.finish({**answer, "state": begun.state}, begun.state)
    assert "script" not in str(caught.value)


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://id.evil.com"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
        {"token_endpoint": "http://id.example.com/token"},
        {"token_endpoint": "https://user:pass@id.example.com/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "http://10.0.0.1/keys"},
    ],
)
def test_a_description_that_leads_elsewhere_is_not_followed(
    provider: FakeProvider, store: ControlStore, clock: HandClock, described: dict[str, Any]
) -> None:
    provider.described = described
    with pytest.raises(IdentityProviderUnavailable, match="Example ID does not answer as it must"):
        signing_on(provider, store, clock).begin("/", WAY_BACK)


def test_a_provider_that_is_down_is_said_calmly_and_needed_again_when_it_is_back(
    provider: FakeProvider, store: ControlStore, clock: HandClock
) -> None:
    flow = signing_on(provider, store, clock)
    provider.is_down = True
    with pytest.raises(IdentityProviderUnavailable, match="does not answer at the moment") as caught:
        flow.begin("/", WAY_BACK)
    assert caught.value.retryable
    assert caught.value.next_step
    provider.is_down = False
    entered(flow, provider)


def test_a_provider_that_is_too_slow_is_not_waited_for(
    provider: FakeProvider, store: ControlStore, clock: HandClock
) -> None:
    provider.seconds = 0.6
    with pytest.raises(IdentityProviderUnavailable, match="does not answer at the moment"):
        signing_on(provider, store, clock, timeout_seconds=0.5).begin("/", WAY_BACK)
