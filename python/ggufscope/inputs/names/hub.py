"""`hf://[models/]ORG/NAME[@REV]/PATH`: a file of a model repository of the Hugging Face hub, by the hub's own URI."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...extras import need
from ..candidates import candidates, the_model
from ..located import RemoteFile

if TYPE_CHECKING:
    from huggingface_hub import HfUri

    from ..reader import ByteReader
    from ..remote.window import Window

PREFIX = "hf://"


def matches(name: str) -> bool:
    return name.startswith(PREFIX)


def locate(name: str) -> RemoteFile:
    """The file of a URI; without a path, the one model of the repository, which the hub is asked for.

    Raises:
        MissingExtraError: huggingface_hub is not installed.
        OSError: The hub cannot be reached, or does not show the repository.
        ValueError: It is no URI of a model, or stands for several models; the line lists them.
    """
    need("huggingface_hub", "remote")
    from huggingface_hub import parse_hf_uri  # noqa: PLC0415  an extra
    from huggingface_hub.errors import HfUriError  # noqa: PLC0415

    try:
        uri = parse_hf_uri(name)
    except HfUriError as error:
        raise ValueError(f"{name}: {error.msg if hasattr(error, 'msg') else error}") from None
    if uri.type != "model":
        raise ValueError(f"{name}: a {uri.type} of the hub, and no model: hf://ORG/NAME[@REV]/PATH")
    if not uri.path_in_repo:
        from ..remote.repositories import files_of  # noqa: PLC0415

        model = the_model(name, candidates(files_of(uri)), f"{_shown(uri)}/PATH")
        uri = replace(uri, path_in_repo=model.path)
    return _file(uri)


def _shown(uri: HfUri) -> str:
    """The URI without the type, which the hub takes for granted."""
    return str(uri.to_uri()).replace(f"{PREFIX}models/", PREFIX, 1)


def _file(uri: HfUri) -> RemoteFile:
    def opened(window: Window | None) -> ByteReader:
        from ..remote.http_file import HttpFile  # noqa: PLC0415
        from ..remote.repositories import HubTarget  # noqa: PLC0415
        from ..remote.window import Window  # noqa: PLC0415

        return (window or Window()).reader(HttpFile(HubTarget(uri), _shown(uri)))

    def beside(file_name: str) -> RemoteFile:
        directory = uri.path_in_repo.rpartition("/")[0]
        return _file(replace(uri, path_in_repo=f"{directory}/{file_name}" if directory else file_name))

    return RemoteFile(_shown(uri), _shown(uri), opened, beside)
