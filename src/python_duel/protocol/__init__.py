"""The wire, version 1: what clients, web and judge say to each other. The specification is docs/protocol.md."""
