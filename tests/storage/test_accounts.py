"""Tokens, people, sessions: who is out is out at once, and no secret is on the disk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from queued.storage.accounts import Accounts, AccountTaken, AccountUnknown, digest_of
from queued.storage.store import Store
from tests.storage.chains import NINE

LATER = NINE + 3_600_000


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(tmp_path)
    yield store
    await store.close()


@pytest.fixture
def accounts(store: Store) -> Accounts:
    return store.accounts


async def test_a_token_lets_in_until_it_is_withdrawn(accounts: Accounts):
    kept = await accounts.add_token("t0ken", "clerk", "east desk", NINE, window="3")
    assert await accounts.token("t0ken") == kept
    assert (kept.role, kept.name, kept.window) == ("clerk", "east desk", "3")
    assert kept.digest == digest_of("t0ken")
    for wrong in ("", "T0ken", "t0ken ", kept.digest, "' OR 1=1 --"):
        assert await accounts.token(wrong) is None
    await accounts.revoke_token(kept.digest, LATER)
    assert await accounts.token("t0ken") is None
    assert [token.revoked_at for token in await accounts.tokens()] == [LATER]
    for digest in (kept.digest, "unknown"):
        with pytest.raises(AccountUnknown):
            await accounts.revoke_token(digest, LATER)
    with pytest.raises(AccountTaken):
        await accounts.add_token("t0ken", "admin", "again", NINE)


async def test_people(accounts: Accounts):
    wang = await accounts.add_user("王芳", "clerk", "$argon2id$1", NINE)
    assert await accounts.user("王芳") == wang
    assert await accounts.user("王") is None
    with pytest.raises(AccountTaken):
        await accounts.add_user("王芳", "admin", "x", NINE)
    await accounts.set_password("王芳", "$argon2id$2", LATER)
    await accounts.disable_user("王芳", LATER)
    (found,) = await accounts.users()
    assert (found.role, found.password, found.disabled_at) == ("clerk", "$argon2id$2", LATER)
    await accounts.enable_user("王芳", LATER)
    assert (await accounts.user("王芳")).disabled_at is None
    for change in (accounts.set_password("x", "y", LATER), accounts.disable_user("x", NINE)):
        with pytest.raises(AccountUnknown):
            await change


async def test_a_session_of_a_person(accounts: Accounts):
    await accounts.add_user("wang", "clerk", "h", NINE)
    await accounts.open_session("cookie", "csrf", NINE, LATER, user="wang")
    session = await accounts.session("cookie", NINE)
    assert (session.name, session.role, session.window) == ("wang", "clerk", None)
    assert (session.csrf, session.expires_at) == (digest_of("csrf"), LATER)
    assert await accounts.session("cookie", LATER - 1) == session
    assert await accounts.session("cookie", LATER) is None
    assert await accounts.session("other", NINE) is None
    with pytest.raises(AccountTaken):
        await accounts.open_session("cookie", "csrf", NINE, LATER, user="wang")
    await accounts.close_session("cookie")
    await accounts.close_session("cookie")
    assert await accounts.session("cookie", NINE) is None


async def test_a_session_of_a_token_is_bound_to_its_window(accounts: Accounts):
    token = await accounts.add_token("t", "clerk", "desk", NINE, window="2")
    await accounts.open_session("cookie", "csrf", NINE, LATER, token=token.digest)
    session = await accounts.session("cookie", NINE)
    assert (session.name, session.role, session.window) == ("desk", "clerk", "2")


@pytest.mark.parametrize("end", ["disable", "password", "revoke"])
async def test_who_is_out_has_no_session_left(accounts: Accounts, end: str):
    await accounts.add_user("wang", "clerk", "h", NINE)
    await accounts.add_user("li", "clerk", "h", NINE)
    token = await accounts.add_token("t", "kiosk", "east", NINE)
    await accounts.open_session("wang's", "c", NINE, LATER, user="wang")
    await accounts.open_session("li's", "c", NINE, LATER, user="li")
    await accounts.open_session("kiosk's", "c", NINE, LATER, token=token.digest)
    ended = {
        "disable": lambda: accounts.disable_user("wang", NINE),
        "password": lambda: accounts.set_password("wang", "h2", LATER),
        "revoke": lambda: accounts.revoke_token(token.digest, NINE),
    }
    await ended[end]()
    left = {key for key in ("wang's", "li's", "kiosk's") if await accounts.session(key, NINE)}
    assert left == {"wang's", "li's", "kiosk's"} - {"kiosk's" if end == "revoke" else "wang's"}
    if end == "disable":
        with pytest.raises(AccountUnknown):
            await accounts.open_session("again", "c", NINE, LATER, user="wang")
    if end == "revoke":
        with pytest.raises(AccountUnknown):
            await accounts.open_session("again", "c", NINE, LATER, token=token.digest)


async def test_a_session_is_of_somebody(accounts: Accounts):
    with pytest.raises(AccountUnknown):
        await accounts.open_session("k", "c", NINE, LATER, user="nobody")
    with pytest.raises(ValueError, match="of a user or of a token"):
        await accounts.open_session("k", "c", NINE, LATER)
    with pytest.raises(ValueError, match="of a user or of a token"):
        await accounts.open_session("k", "c", NINE, LATER, user="a", token="b")


async def test_sessions_that_are_over_are_removed(accounts: Accounts, store: Store):
    await accounts.add_user("wang", "clerk", "h", NINE)
    for number in range(5):
        await accounts.open_session(
            f"k{number}", "c", NINE + number, NINE + number + 1, user="wang"
        )
    count = "SELECT count(*) FROM session"
    assert await store._database.read(lambda c: c.exec_driver_sql(count).scalar()) == 1


async def test_no_secret_is_on_the_disk(accounts: Accounts, store: Store, tmp_path: Path):
    await accounts.add_token("S3CRET-token", "clerk", "visible-name", NINE)
    await accounts.add_user("wang", "clerk", "h", NINE)
    await accounts.open_session("S3CRET-cookie", "S3CRET-csrf", NINE, LATER, user="wang")
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"visible-name" in stored, "negative control: this is where it would be"
    assert b"S3CRET" not in stored
