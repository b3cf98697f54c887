"""The structural risk index, and how far its order of layers can be trusted."""
