"""The wire, version 1: what clients, web and judge say to each other. Pydantic only; the specification is docs/protocol.md."""
