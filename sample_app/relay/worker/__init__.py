"""The worker: what takes too long for a request, or has no request at all; `celery -A relay.worker.app worker`."""
