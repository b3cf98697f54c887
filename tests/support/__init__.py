"""Oracles, models and fixtures that several test files share."""
