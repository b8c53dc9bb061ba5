"""The GraphQL face: what a start page or an app reads in one request."""
