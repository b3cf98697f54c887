"""Text from a file, made safe to print.

Names and metadata come from strangers: an escape sequence in a tensor name could clear the screen or forge output, a
bidirectional mark could reverse what is read. Whatever is not plainly visible is shown as a Python escape.
"""


def escape(text: object) -> str:
    r"""`str(text)` with every invisible character written as an escape.

    Control characters, line breaks, bidirectional and zero-width marks, unusual spaces, private, unassigned and lone
    surrogate code points are escaped; letters of all scripts, symbols and emoji are kept.

    >>> escape("blk.0\x1b[2J\u202e")
    'blk.0\\x1b[2J\\u202e'
    """
    plain = str(text)
    if plain.isprintable():
        return plain
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in plain)
