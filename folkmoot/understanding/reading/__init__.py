"""Reads messages in plain Python: no Django, no database, no network."""
