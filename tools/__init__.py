"""Programs that keep the repository: installing, pins, notebooks, pictures."""
