"""`https://…` and `http://…`: a file of a web server that sends ranges."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...extras import need
from ..located import RemoteFile

if TYPE_CHECKING:
    from ..reader import ByteReader
    from ..remote.window import Window

_PAGE = re.compile(
    r"https://(?:huggingface\.co|hf\.co)/(?P<repository>[^/?#]+/[^/?#]+)/blob/(?P<revision>[^/?#]+)/(?P<path>[^?#]+)"
)


def matches(name: str) -> bool:
    return name.lower().startswith(("https://", "http://"))


def locate(name: str) -> RemoteFile:
    """The file of a URL; whether it is there, opening it shows.

    Raises:
        MissingExtraError: The client is not installed.
        ValueError: It is no URL of a file.
    """
    page = _PAGE.fullmatch(name)
    if page is not None:
        revision = "" if page["revision"] == "main" else f"@{page['revision']}"
        raise ValueError(f"{page[0]}: a page about a file, which is hf://{page['repository']}{revision}/{page['path']}")
    need("httpx2", "remote")
    from ..remote.redacting import checked_url  # noqa: PLC0415

    return _file(checked_url(name))


def _file(url: str) -> RemoteFile:
    from ..remote.redacting import shown_url, url_beside  # noqa: PLC0415

    def opened(window: Window | None) -> ByteReader:
        from ..remote.http_file import HttpFile  # noqa: PLC0415
        from ..remote.targets import WebTarget  # noqa: PLC0415
        from ..remote.window import Window  # noqa: PLC0415

        return (window or Window()).reader(HttpFile(WebTarget(url), shown_url(url)))

    return RemoteFile(shown_url(url), url, opened, lambda file_name: _file(url_beside(url, file_name)))
