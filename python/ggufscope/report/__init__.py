"""Results made readable. Nothing here computes."""
