"""What each of Query's methods means on a statement, by families; `links` holds the table."""
