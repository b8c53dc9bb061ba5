"""Sample data by area; each adds its own without touching what the others write."""
