"""The clients for asyncio, from which those in `_sync` are made."""
