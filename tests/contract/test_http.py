"""HTTP: sessions, problems as RFC 9457 says, origins, headers, health; and that nothing hidden is anywhere in it."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import httpx
import pytest
import redis.asyncio
import socketio

from tests.support.arena import Arena
from tests.support.player import CHALLENGES, Player, invited, reference

API = "/api/v1"


@pytest.fixture
async def http(arena: Arena) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a session."""
    async with httpx.AsyncClient(base_url=arena.webs[0].url) as client:
        yield client


@pytest.fixture
async def guest(http: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client with the session cookie of a new guest."""
    assert (await http.post(f"{API}/session/guest", json={"nickname": "Guest"})).status_code == 201
    return http


def is_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem of an answer, which must be one."""
    body: dict[str, Any] = answer.json()
    assert answer.status_code == status, body
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "code"} <= body.keys()
    assert (body["status"], body["code"]) == (status, code)
    assert body["detail"]
    return body


# ---- sessions


async def test_a_guest_is_somebody_by_cookie_and_by_bearer(http: httpx.AsyncClient, arena: Arena) -> None:
    opened = await http.post(f"{API}/session/guest", json={"nickname": "  Ada \u0065\u0301 "})
    assert opened.status_code == 201
    body = opened.json()
    assert body["player"]["nickname"] == "Ada é"
    cookie = opened.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert (await http.get(f"{API}/me")).json()["player"] == body["player"]
    async with httpx.AsyncClient(base_url=arena.webs[1].url) as other:
        me = await other.get(f"{API}/me", headers={"Authorization": f"Bearer {body['token']}"})
        assert me.json() == {"player": body["player"], "active_duel_id": None} or "active_duel_id" not in me.json()
        assert (await other.get(f"{API}/players/{body['player']['id']}")).json()["nickname"] == "Ada é"


async def test_signing_out_ends_the_session_and_its_socket(http: httpx.AsyncClient, arena: Arena) -> None:
    """On whichever process the socket is."""
    player = await Player.join(arena.webs[1].url, "Ada")
    other = await Player.join(arena.webs[1].url, "Bob")
    bearer = {"Authorization": f"Bearer {player.token}"}
    assert (await http.delete(f"{API}/session", headers=bearer)).status_code == 204
    assert (await player.heard("session:closed"))["reason"]
    await player.socket.wait()
    assert not player.socket.connected
    is_problem(await http.get(f"{API}/me", headers=bearer), 401, "unauthenticated")
    with pytest.raises(socketio.exceptions.ConnectionError):
        await player.connect()
    assert (await other.ask("queue:leave"))["ok"]
    await other.leave()


async def test_signing_out_ends_a_socket_whose_process_did_not_hear_it(http: httpx.AsyncClient, arena: Arena) -> None:
    """Its publish/subscribe connection was lost a moment ago."""
    player = await Player.join(arena.webs[1].url, "Ada")
    other = await Player.join(arena.webs[1].url, "Bob")
    store: Any = redis.asyncio.Redis.from_url(arena.redis_url)
    await store.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    await store.aclose()
    bearer = {"Authorization": f"Bearer {player.token}"}
    assert (await http.delete(f"{API}/session", headers=bearer)).status_code == 204
    assert (await player.heard("session:closed"))["reason"]
    assert (await other.ask("queue:leave"))["ok"]
    for it in (player, other):
        await it.leave()


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Cookie": "duel_session=wrong"}])
async def test_nobody_is_401(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    is_problem(await http.get(f"{API}/me", headers=headers), 401, "unauthenticated")
    is_problem(await http.delete(f"{API}/session", headers=headers), 401, "unauthenticated")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"nickname": null}',
        b'{"nickname": 5}',
        b'{"nickname": ["Ada"]}',
        b'{"nickname": ""}',
        b'{"nickname": "   "}',
        b'{"nickname": "A\\u0000da"}',
        b'{"nickname": "\\u202eadA"}',
        b'{"nickname": "\\ud83e"}',
        b'{"nickname": "' + b"x" * 25 + b'"}',
        b'{"nickname": "Ada", "role": "admin"}',
        b'{"nickname": "' + b"x" * 100_000 + b'"}',
        b"\xff\xfe",
        b'{"nickname": 1e999}',
    ],
    ids=lambda body: repr(body[:24]),
)
async def test_a_malformed_guest_is_422(http: httpx.AsyncClient, body: bytes) -> None:
    answer = await http.post(f"{API}/session/guest", content=body, headers={"content-type": "application/json"})
    problem = is_problem(answer, 422, "invalid")
    assert all(error["message"] for error in problem["errors"])
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_what_a_form_of_another_page_could_send_is_refused(http: httpx.AsyncClient, kind: str) -> None:
    answer = await http.post(f"{API}/session/guest", content=b'{"nickname": "Ada"}', headers={"content-type": kind})
    is_problem(answer, 422, "invalid")


@pytest.mark.parametrize("nickname", ["x" * 24, "é" * 24, "李", "🦆" * 24, "O'Brien <b>"])
async def test_nicknames_of_all_the_world(http: httpx.AsyncClient, nickname: str) -> None:
    answer = await http.post(f"{API}/session/guest", json={"nickname": nickname})
    assert answer.json()["player"]["nickname"] == nickname


async def test_a_body_that_is_nested_too_deeply_is_refused(http: httpx.AsyncClient) -> None:
    body, kind = b"[" * 60_000, {"content-type": "application/json"}
    is_problem(await http.post(f"{API}/session/guest", content=body, headers=kind), 400, "invalid")


# ---- errors


@pytest.mark.parametrize(
    "path", ["/nothing", "/challenges/nothing", "/duels/nothing", "/players/nothing", "/challenges/..%2f..%2fetc"]
)
async def test_what_is_not_there_is_404(http: httpx.AsyncClient, path: str) -> None:
    is_problem(await http.get(API + path), 404, "not_found")


@pytest.mark.parametrize(("method", "path"), [("PUT", "/me"), ("POST", "/challenges"), ("PATCH", "/session")])
async def test_another_method_is_405(guest: httpx.AsyncClient, method: str, path: str) -> None:
    is_problem(await guest.request(method, API + path), 405, "method_not_allowed")


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "9" * 40, "\x00"])
async def test_a_cursor_that_is_none_is_422(http: httpx.AsyncClient, cursor: str) -> None:
    is_problem(await http.get(f"{API}/duels", params={"player": "p", "cursor": cursor}), 422, "invalid")


async def test_a_nul_in_a_path_is_an_error_not_a_crash(http: httpx.AsyncClient) -> None:
    for path in ("/players/a%00b", "/duels/a%00b", "/challenges/a%00b"):
        assert (await http.get(API + path)).status_code in (404, 422), path
    assert (await http.get(f"{API}/duels", params={"player": "a\x00b"})).status_code in (200, 422)


async def test_a_body_over_the_limit_is_413(http: httpx.AsyncClient) -> None:
    answer = await http.post(f"{API}/session/guest", content=b"x" * 131_073)
    assert "131072" in is_problem(answer, 413, "too_large")["detail"]


# ---- origins


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "file://"])
async def test_a_foreign_page_changes_nothing(guest: httpx.AsyncClient, origin: str) -> None:
    headers = {"Origin": origin}
    answer = await guest.post(f"{API}/session/guest", json={"nickname": "Evil"}, headers=headers)
    is_problem(answer, 403, "forbidden")
    assert "set-cookie" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers
    is_problem(await guest.delete(f"{API}/session", headers=headers), 403, "forbidden")
    assert (await guest.get(f"{API}/me")).status_code == 200


async def test_the_own_page_may(guest: httpx.AsyncClient, arena: Arena) -> None:
    headers = {"Origin": arena.webs[0].url}
    assert (await guest.post(f"{API}/session/guest", json={"nickname": "A"}, headers=headers)).status_code == 201
    assert (await guest.delete(f"{API}/session", headers=headers)).status_code == 204


async def handshake(url: str, origin: str | None, transport: str) -> int:
    """The status of an Engine.IO handshake from a page of `origin`."""
    headers = {"Origin": origin} if origin else {}
    address = f"{url}/socket.io/?EIO=4&transport={transport}"
    async with aiohttp.ClientSession() as session:
        if transport == "polling":
            async with session.get(address, headers=headers) as answer:
                return answer.status
        try:
            async with session.ws_connect(address, headers=headers):
                return 200
        except aiohttp.WSServerHandshakeError as error:
            return error.status


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_sockets_open_for_the_own_origin_only(arena: Arena, strict: Arena, transport: str) -> None:
    url = arena.webs[0].url
    assert await handshake(url, None, transport) == 200
    assert await handshake(url, url, transport) == 200
    for origin in ("https://evil.example", "null", url.replace("127.0.0.1", "localhost"), url + "0"):
        assert await handshake(url, origin, transport) >= 400, origin
    friendly = strict.webs[0].url
    assert await handshake(friendly, "https://friend.example", transport) == 200
    assert await handshake(friendly, "https://evil.example", transport) >= 400


@pytest.mark.parametrize(
    "auth", [None, {}, {"token": "wrong"}, {"token": 5}, {"token": None}, {"token": "\ud83e"}, "text", [1]]
)
async def test_a_socket_without_a_session_is_refused(arena: Arena, auth: Any) -> None:
    refusals: list[Any] = []
    client = socketio.AsyncClient(reconnection=False)
    client.on("connect_error", refusals.append)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(arena.webs[0].url, auth=auth, transports=["websocket"], wait_timeout=5)
    assert refusals[0]["data"]["code"] == "unauthenticated"
    assert refusals[0]["message"]


@pytest.mark.parametrize("auth", ["", '{"token":"wrong"}'])
async def test_polling_without_a_session_is_refused(arena: Arena, auth: str) -> None:
    """By hand: the stock client waits long for the end of its last poll."""
    address = f"{arena.webs[0].url}/socket.io/?EIO=4&transport=polling"
    async with aiohttp.ClientSession() as session:
        opened = json.loads((await (await session.get(address)).text()).removeprefix("0"))
        address += f"&sid={opened['sid']}"
        await session.post(address, data=f"40{auth}")
        refusal = await (await session.get(address)).text()
    assert refusal.startswith("44")
    assert json.loads(refusal[2:].partition("\x1e")[0])["data"]["code"] == "unauthenticated"


async def test_the_cookie_opens_a_socket(guest: httpx.AsyncClient, arena: Arena) -> None:
    cookie = f"duel_session={guest.cookies['duel_session']}"
    client = socketio.AsyncClient(reconnection=False)
    await client.connect(arena.webs[0].url, headers={"Cookie": cookie}, transports=["websocket"])
    assert (await client.call("queue:leave", {}))["ok"]
    await client.disconnect()


# ---- what must not be seen


def hidden_values() -> list[str]:
    """Inputs of hidden cases as they may be written, those long enough to be nobody's chance."""
    found: list[str] = []
    for path in CHALLENGES.glob("*/tests.json"):
        tests = json.loads(path.read_text())
        public = path.read_text().partition('"hidden"')[0] + (path.parent / "statement.md").read_text()
        for case in tests["hidden"]:
            values = [case["stdin"]] if "stdin" in case else case["args"]
            written = {way(value) for value in values for way in (str, repr, json.dumps)}
            found += [text for text in written if len(text) > 16 and text not in public]
    return found


async def test_hidden_tests_are_in_no_answer_and_no_event(
    http: httpx.AsyncClient, players: tuple[Player, Player]
) -> None:
    ada, bob = players
    hidden = hidden_values()
    assert len(hidden) > 20
    said = [await http.get(f"{API}/challenges")]
    said += [await http.get(f"{API}/challenges/{row['slug']}") for row in said[0].json()]
    assert all(answer.status_code == 200 for answer in said)
    acks: list[Any] = []
    for code in ("def nothing():\n    return None\n", "reference"):
        duel_id = await invited(ada, bob)
        slug = (await ada.open(duel_id))["challenge"]["slug"]
        await ada.write(duel_id, reference(slug) if code == "reference" else code)
        await ada.do("duel:run", {"duel_id": duel_id, "run_id": "r" + code[:3].strip(), "language": "python"})
        await ada.heard("duel:ran", run_id="r" + code[:3].strip())
        acks.append(await ada.submit(duel_id, "s-" + code[:3].strip()))
        await bob.heard("duel:verdict", duel_id=duel_id)
        if code != "reference":
            await bob.do("duel:resign", {"duel_id": duel_id})
        await ada.heard("duel:finished", duel_id=duel_id)
        acks.append(await bob.open(duel_id))
        said.append(await http.get(f"{API}/duels/{duel_id}"))
        said.append(await http.get(f"{API}/duels", params={"player": ada.id}))
    said += [await http.get(path) for path in ("/metrics", "/readyz", f"{API}/openapi.json", f"{API}/duels/live")]
    everything = " ".join([answer.text for answer in said] + [json.dumps([acks, ada.events, bob.events])])
    assert "samples" in everything
    # As it stands, and as it stands inside of a JSON string.
    leaked = [value for value in hidden if value in everything or json.dumps(value)[1:-1] in everything]
    assert leaked == []


async def test_the_history_and_the_texts_are_there_after_the_end(
    http: httpx.AsyncClient, players: tuple[Player, Player]
) -> None:
    ada, bob = players
    duel_id = await invited(ada, bob)
    await ada.write(duel_id, "mine = 1\n")
    during = (await http.get(f"{API}/duels/{duel_id}")).json()
    assert during["status"] == "live"
    assert "mine" not in json.dumps(during)
    assert duel_id not in (await http.get(f"{API}/duels/live")).text  # by invitation: not listed
    await bob.do("duel:resign", {"duel_id": duel_id})
    await ada.heard("duel:finished", duel_id=duel_id)
    after = (await http.get(f"{API}/duels/{duel_id}")).json()
    assert {side["nickname"]: side["text"] for side in after["players"]}["Ada"] == "mine = 1\n"
    assert after["result"] == {"outcome": "win", "winner_id": ada.id, "reason": "resigned"}
    history = (await http.get(f"{API}/duels", params={"player": ada.id})).json()
    assert [row["duel_id"] for row in history["duels"]] == [duel_id]


# ---- headers, health and the description


@pytest.mark.parametrize("path", [f"{API}/me", f"{API}/challenges", "/healthz", "/", f"{API}/nothing"])
async def test_every_answer_has_the_security_headers(http: httpx.AsyncClient, path: str) -> None:
    headers = (await http.get(path)).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert "server" not in headers


async def test_a_refusal_at_the_door_has_the_headers_too(http: httpx.AsyncClient) -> None:
    foreign = await http.post(f"{API}/session/guest", json={"nickname": "E"}, headers={"Origin": "https://e.example"})
    large = await http.post(f"{API}/session/guest", content=b"x" * 131_073)
    for answer in (foreign, large):
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_readiness_tells_of_every_part(http: httpx.AsyncClient) -> None:
    ready = await http.get("/readyz")
    checks = ready.json()["checks"]
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert (checks["postgres"], checks["redis"]) == ("ok", "ok")
    assert checks["judge"]["workers"] >= 1
    assert checks["judge"]["level"] in ("full", "no-userns", "seccomp")
    assert "python" in checks["judge"]["languages"]
    assert checks["judge"]["queue"] >= 0


async def test_the_judges_numbers_are_among_the_metrics(http: httpx.AsyncClient) -> None:
    told = (await http.get("/metrics")).text
    assert re.search(r'^duel_judge_level\{judge="[^"]+",level="(full|no-userns|seccomp)"\} 1.0$', told, re.MULTILINE)
    for name in ("queue ", "slots{", "active{", "restarts_total{", 'seconds_bucket{judge="'):
        assert f"\nduel_judge_{name}" in told


def refs(node: Any) -> set[str]:
    """Every `$ref` below a node."""
    if isinstance(node, list):
        return set().union(*map(refs, node))
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
    return own.union(*map(refs, node.values()))


async def test_openapi_describes_the_calls(http: httpx.AsyncClient) -> None:
    document = (await http.get(f"{API}/openapi.json")).json()
    assert document["openapi"].startswith("3.")
    assert document["info"]["title"]
    for path in ("/session/guest", "/session", "/me", "/challenges", "/challenges/{slug}", "/duels/{duel_id}"):
        assert any(described == API + path for described in document["paths"]), path
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            assert call["responses"], (method, path)
            named = {parameter["name"] for parameter in call.get("parameters", []) if parameter["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path))
    for ref in refs(document):
        found: Any = document
        for part in ref.removeprefix("#/").split("/"):
            found = found[part]
        assert found


def metric(text: str, name: str) -> float:
    """The sum of a metric's samples."""
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))


async def test_the_metrics_move(players: tuple[Player, Player], arena: Arena) -> None:
    ada, bob = players
    names = [
        "duel_duels_started_total",
        "duel_duels_finished_total",
        'duel_edits_total{result="accepted"}',
        "duel_submissions_total",
        "duel_verdict_seconds_count",
        'duel_event_errors_total{code="unknown_event"}',
    ]

    async def read() -> list[float]:
        async with httpx.AsyncClient() as client:
            texts = [(await client.get(f"{web.url}/metrics")).text for web in arena.webs[:2]]
        return [sum(metric(text, name) for text in texts) for name in names]

    before = await read()
    duel_id = await invited(ada, bob)
    await ada.write(duel_id, reference((await ada.open(duel_id))["challenge"]["slug"]))
    await ada.refused("duel:fly")
    await ada.submit(duel_id, "s")
    await bob.heard("duel:finished", duel_id=duel_id)
    assert all(now > then for now, then in zip(await read(), before, strict=True)), names
