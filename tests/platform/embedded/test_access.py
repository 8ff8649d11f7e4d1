"""Who may do what in the embedded stores."""

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from python_duel.platform import embedded
from python_duel.settings import Settings
from tests.platform.embedded.conftest import Start


async def test_postgres_takes_only_its_role_with_the_password(stores: embedded.Stores) -> None:
    connection = await asyncpg.connect(stores.database_url)
    assert await connection.fetchval("SHOW listen_addresses") == ""
    assert await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    await connection.close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(stores.database_url, password="wrong")
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await asyncpg.connect(stores.database_url, user="postgres")


def test_valkey_has_no_port_and_no_nameless_user(stores: embedded.Stores) -> None:
    with redis.Redis.from_url(stores.redis_url) as web:
        assert web.config_get("port") == {"port": "0"}
    path = stores.redis_url.partition("@")[2].partition("?")[0]
    with (
        redis.Redis(unix_socket_path=path, retry=Retry(NoBackoff(), 0)) as nobody,
        pytest.raises(redis.AuthenticationError),
    ):
        nobody.ping()


ALLOWED: list[Callable[[Any], Any]] = [
    lambda judge: judge.get("challenge:1"),
    lambda judge: judge.xgroup_create("{judge}:jobs", "judges", mkstream=True),
    lambda judge: judge.xreadgroup("judges", "one", {"{judge}:jobs": ">"}, block=1),
    lambda judge: judge.xautoclaim("{judge}:jobs", "judges", "one", 0, justid=True),
    lambda judge: judge.xclaim("{judge}:jobs", "judges", "one", 0, ["1-1"], justid=True),
    lambda judge: (
        judge.pipeline(transaction=True)
        .xadd("{judge}:results", {"a": 1})
        .xack("{judge}:jobs", "judges", "1-1")
        .execute()
    ),
    lambda judge: judge.zadd("{judge}:workers", {"one": 1}),
    lambda judge: judge.set("{judge}:worker:one", "full", px=1000),
]
FORBIDDEN: list[Callable[[Any], Any]] = [
    lambda judge: judge.set("challenge:1", "x"),
    lambda judge: judge.get("duel:1"),
    lambda judge: judge.xadd("duel:1", {"a": 1}),
    lambda judge: judge.keys(),
    lambda judge: judge.scan(),
    lambda judge: judge.publish("duel:1", "x"),
    lambda judge: judge.eval("return 1", 0),
    lambda judge: judge.flushall(),
    lambda judge: judge.config_get("*"),
    lambda judge: judge.acl_list(),
    lambda judge: judge.client_list(),
]


@pytest.mark.parametrize("act", ALLOWED)
def test_the_judge_may(judge_redis_url: str, act: Callable[[Any], Any]) -> None:
    with redis.Redis.from_url(judge_redis_url) as judge:
        if act is not ALLOWED[1]:
            ALLOWED[1](judge)
        act(judge)


@pytest.mark.parametrize("act", FORBIDDEN)
def test_the_judge_may_not(judge_redis_url: str, act: Callable[[Any], Any]) -> None:
    with redis.Redis.from_url(judge_redis_url) as judge, pytest.raises(redis.exceptions.NoPermissionError):
        act(judge)


def test_secrets_are_their_owners_alone(start: Start, tmp_path: Path) -> None:
    data = tmp_path / "data"
    start(data)
    assert stat.S_IMODE((data / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(data.stat().st_mode) == 0o700


def test_given_stores_start_nothing(tmp_path: Path) -> None:
    settings = Settings.model_construct(database_url="postgresql://given/one", redis_url="redis://given")
    with embedded.stores(tmp_path / "data", settings) as found:
        assert found.processes == []
        assert (found.database_url, found.redis_url) == ("postgresql://given/one", "redis://given")
    assert not (tmp_path / "data").exists()
