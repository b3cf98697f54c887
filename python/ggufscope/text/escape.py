"""Text from a file, made safe to print.

Names and metadata come from strangers: an escape sequence in a tensor name could clear the screen or forge output, a
bidirectional mark could reverse what is read. Characters that are not plainly visible are shown as Python escapes.
"""

import html
import re

# Of Markdown: emphasis, code, links, images, tables, math; what begins a block; names of emoji, URLs without brackets.
_MARKDOWN = re.compile(r"([\\`*_\[\]|~$]|^[-+=](?=[\s=-]|$)|^#|:(?=[\w/+-])|(?<=\bwww)\.)")
_NUMBERED = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")  # a list
# What code hosts make links and notices of, in finished text: a backslash in front of it does not help.
_REFERENCE = re.compile(r"(@|#(?=\d)|\bGH-(?=\d)|\\:(?=//))", re.IGNORECASE)
_APART = "&#8203;"  # a space of no width


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

    Nor does a code host link or notify anybody: mentions and numbers of issues are torn apart by a space of no width.

    >>> print(escape_markdown("a|b <i> [x](y) @user 1.5"))
    a\|b &lt;i&gt; \[x\](y) @&#8203;user 1.5
    """
    marked = _NUMBERED.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\1", escape(text)))
    shown = html.escape(marked, quote=False)
    return _REFERENCE.sub(rf"\1{_APART}", shown)
