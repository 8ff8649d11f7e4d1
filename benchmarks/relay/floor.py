"""The floor: bare picows. It hands every packet to the other side of the pair and knows nothing of what is in it."""

import sys
from collections import defaultdict

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server

TEXT = WSMsgType.TEXT
pairs: defaultdict[bytes, list["Side"]] = defaultdict(list)


class Side(WSListener):
    """One client."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Greet as Engine.IO does, so that the same generator can talk to it."""
        self.transport = transport
        self.peer: WSTransport | None = None
        transport.send(TEXT, b"0{}")

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Pass it on."""
        if frame.msg_type != TEXT:
            transport.disconnect()
        elif self.peer is not None:
            self.peer.send(TEXT, frame.get_payload_as_bytes())
        else:
            self._join(frame.get_payload_as_bytes())

    def _join(self, packet: bytes) -> None:
        sides = pairs[packet]
        sides.append(self)
        self.transport.send(TEXT, b"40{}")
        if len(sides) == 2:
            sides[0].peer, sides[1].peer = sides[1].transport, sides[0].transport


async def main() -> None:
    """Serve on the port of the first argument."""
    server = await ws_create_server(lambda request: Side(), "127.0.0.1", int(sys.argv[1]), backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
