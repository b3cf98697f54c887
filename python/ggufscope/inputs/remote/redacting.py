"""URLs as lines show them: without passwords, tokens and signatures."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit, urlunsplit

_WEB = re.compile("https?://", re.IGNORECASE)


def shown_url(url: str) -> str:
    """A URL, or a chain of them as fsspec takes it, without user, query and fragment, where secrets are.

    >>> shown_url("https://me:secret@example.org:8080/a%20b.gguf?signature=1#x")
    'https://example.org:8080/a%20b.gguf'
    """
    parts = url.split("::")
    last = next((n for n, part in enumerate(parts) if _WEB.match(part)), len(parts) - 1)  # nothing follows the web
    return "::".join(_shown(part) for part in (*parts[:last], "::".join(parts[last:])))


def _shown(url: str) -> str:
    if "://" not in url:
        return url
    scheme, _, rest = url.partition("://")
    rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def checked_url(url: str) -> str:
    """The URL itself.

    Raises:
        ValueError: It names no host or no file, or has characters that URLs do not have.
    """
    if re.search(r"[\x00-\x20\x7f]", url):
        raise ValueError(f"{shown_url(url)}: a URL has no spaces or control characters; write them as %20")
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise ValueError(f"{shown_url(url)}: no URL: {error}") from None
    if not named or parts.path in {"", "/"} or parts.path.endswith("/"):
        raise ValueError(f"{shown_url(url)}: the URL of a file is https://HOST/PATH")
    return url


def url_beside(url: str, file_name: str) -> str:
    """The URL of another file of the same directory, with the same query."""
    parts = urlsplit(url)
    directory = parts.path.rpartition("/")[0]
    return urlunsplit(parts._replace(path=f"{directory}/{quote(file_name)}"))
