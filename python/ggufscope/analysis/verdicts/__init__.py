"""Hypotheses, their rules, and the verdicts on them."""
