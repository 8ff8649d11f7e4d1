"""WebSockets by uvicorn's own implementation: serves wherever picows cannot."""

import asyncio

from uvicorn.protocols.websockets.websockets_impl import WebSocketProtocol

from python_duel.realtime.transport.engine import TCP
from python_duel.realtime.transport.link import bound


class StockProtocol(WebSocketProtocol):
    """Lets the application reach the connection under a socket."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Bound its buffer."""
        super().connection_made(transport)
        bound(transport)

    async def run_asgi(self) -> None:
        """Run the application with the connection among the extensions."""
        extensions = self.scope["extensions"]
        assert extensions is not None
        extensions[TCP] = self.transport  # type: ignore[assignment]
        await super().run_asgi()
