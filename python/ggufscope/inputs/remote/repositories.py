"""Files of repositories of the Hugging Face hub, by its own client: who asks, which host, what its answers mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
from huggingface_hub import HfApi, get_session, hf_hub_url
from huggingface_hub.constants import is_offline_mode
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import build_hf_headers

from ..._version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from huggingface_hub import HfUri

_UNKNOWN = "the hub shows no such repository: it does not exist, or is private and HF_TOKEN is not of a member"
_GATED = "the repository is gated: ask for access on its page, and set HF_TOKEN"
_OFFLINE = "HF_HUB_OFFLINE is set, and the hub is not asked"
_REFUSALS = {
    "RepoNotFound": _UNKNOWN,
    "GatedRepo": _GATED,
    "RevisionNotFound": "the repository has no such revision",
    "EntryNotFound": "the repository has no such file in this revision",
}


class HubTarget:
    """A file of a model repository.

    The first answer names the commit; later requests ask for that one, so that a branch that moves on changes nothing.
    """

    def __init__(self, uri: HfUri) -> None:
        self._uri = uri
        self._commit: str | None = None
        self.headers: Mapping[str, str] = build_hf_headers(library_name="ggufscope", library_version=__version__)

    @property
    def url(self) -> str:
        revision = self._commit or self._uri.revision
        return str(hf_hub_url(self._uri.id, self._uri.path_in_repo, revision=revision))

    def client(self) -> httpx2.Client:
        """The hub's own client, with whatever proxies and certificates it was given.

        Raises:
            OSError: The user wants no requests to the hub.
        """
        if is_offline_mode():
            raise OSError(f"hf://{self._uri.id}: {_OFFLINE}; hf-cache:{self._uri.id} is what is here")
        return get_session()

    def learn(self, headers: Mapping[str, str]) -> str | None:
        self._commit = headers.get("x-repo-commit") or self._commit
        return headers.get("x-linked-etag")

    def refusal(self, status: int, headers: Mapping[str, str]) -> str | None:
        reason = _REFUSALS.get(headers.get("x-error-code", ""))
        return reason or (_UNKNOWN if status == 401 else None)


def files_of(uri: HfUri) -> Iterator[tuple[str, int]]:
    """Path and size of each file of a repository.

    Raises:
        OSError: The hub cannot be reached, or does not show the repository.
    """
    shown = f"hf://{uri.id}"
    try:
        tree: Any = HfApi(library_name="ggufscope", library_version=__version__).list_repo_tree(
            uri.id, recursive=True, revision=uri.revision
        )
        for file in tree:
            if hasattr(file, "size"):  # folders have none
                yield file.path, file.size
    except GatedRepoError:
        raise PermissionError(f"{shown}: {_GATED}") from None
    except RepositoryNotFoundError:
        raise FileNotFoundError(f"{shown}: {_UNKNOWN}") from None
    except RevisionNotFoundError:
        raise FileNotFoundError(f"{shown}@{uri.revision}: {_REFUSALS['RevisionNotFound']}") from None
    except OfflineModeIsEnabled:
        raise OSError(f"{shown}: {_OFFLINE}; hf-cache:{uri.id} is what is here") from None
    except HfHubHTTPError as error:
        raise OSError(f"{shown}: the hub answers {error.response.status_code}") from None
    except httpx2.TransportError as error:
        raise OSError(f"{shown}: the hub cannot be reached ({type(error).__name__})") from None
