"""What Relay does: functions that take a session and the tenant, and know nothing of HTTP."""
