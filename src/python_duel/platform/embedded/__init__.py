"""PostgreSQL and Valkey as children of this process, over unix sockets, unless the settings name others."""

from python_duel.platform.embedded.stores import Stores, database, stores, unused

__all__ = ["Stores", "database", "stores", "unused"]
