"""FFNs, computed: a module for each kind that the architecture knows.

A new kind is such a module, and a line in `kinds.FEED_FORWARDS`.
"""
