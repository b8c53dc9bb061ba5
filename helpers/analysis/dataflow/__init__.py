"""Where values come from and where they go: objects that a session loads, and the attributes that are read of them."""
