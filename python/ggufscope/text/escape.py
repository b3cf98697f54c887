"""Text from a file, made safe to print.

Names and metadata come from strangers: an escape sequence in a tensor name could clear the screen or forge output, a
bidirectional mark could reverse what is read. Characters that are not plainly visible are shown as Python escapes.
"""

import html
import re

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$:@])")


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


def escape_html(text: object) -> str:
    r"""`escape`, and nothing in it is markup for HTML.

    >>> escape_html("<b>&\x1b")
    '&lt;b&gt;&amp;\\x1b'
    """
    return html.escape(escape(text))


def escape_markdown(text: object) -> str:
    r"""`escape`, and nothing in it is markup for Markdown, nor for the HTML that Markdown may hold; one line.

    >>> print(escape_markdown("a|b <i> [x](y)"))
    a\|b &lt;i&gt; \[x\]\(y\)
    """
    return html.escape(_MARKDOWN.sub(r"\\\1", escape(text)), quote=False)
