"""The two bases of every wire message, and the field types they share."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]
"""An opaque identifier. Ids made by the server have 128 bits or more."""

Milliseconds = Annotated[int, Field(ge=0)]
"""A time since the epoch on the server's clock, or a span, in milliseconds."""

Language = Literal["python", "cpp", "java", "javascript"]
"""Languages a solution may be written in."""

Mode = Literal["ranked", "casual"]
Visibility = Literal["live", "veiled", "hidden"]
"""What others see of a player's code during the duel: all of it, its shape, or only that something happens."""


class ClientMessage(BaseModel):
    """What a client sends: parsed strictly, unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ServerMessage(BaseModel):
    """What the server sends: fields may be added in later versions, never renamed."""

    model_config = ConfigDict(frozen=True)
