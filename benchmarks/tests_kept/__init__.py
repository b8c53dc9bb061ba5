"""Compares the tests of an application before and after a migration: nothing may check less than it did."""
