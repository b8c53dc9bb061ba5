"""Where things are kept when there is more than one place for them."""

from relay.repositories.usage import DatabaseUsage, MemoryUsage, UsageLine, UsageRepository

__all__ = ["DatabaseUsage", "MemoryUsage", "UsageLine", "UsageRepository"]
