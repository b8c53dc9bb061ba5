"""The world outside: everything Relay talks to that is not its database."""
