"""HTTP: the challenges on offer. Never hidden tests."""

from collections.abc import Awaitable, Callable, Collection

from fastapi import APIRouter

from python_duel.challenges.service import Challenges
from python_duel.protocol.http import ChallengeSummary
from python_duel.protocol.server import ChallengeView

Languages = Callable[[], Awaitable[Collection[str]]]
"""What can be judged now."""


def router(challenges: Challenges, languages: Languages) -> APIRouter:
    """`GET /challenges` and `GET /challenges/{slug}`."""
    routes = APIRouter(prefix="/challenges", tags=["challenges"])

    @routes.get("")
    async def index(difficulty: int | None = None, tag: str | None = None) -> list[ChallengeSummary]:
        return [
            ChallengeSummary(slug=p.slug, title=p.title, difficulty=p.difficulty, tags=p.tags, kind=p.kind)
            for p in await challenges.current()
            if difficulty in (None, p.difficulty) and (tag is None or tag in p.tags)
        ]

    @routes.get("/{slug}")
    async def show(slug: str) -> ChallengeView:
        return (await challenges.by_slug(slug)).view(challenges.code_bytes, await languages())

    return routes
