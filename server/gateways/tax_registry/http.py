"""A taxpayer registry over HTTP: `GET <base>/<tax code>` as api.vietqr.io answers it.

It answers with status 200 whatever it found; the body says what: code "00" somebody, "51" nobody.
Checked before anything is believed: the answered id is the asked one, a name and an address are
there. It is a copy of the tax office's list, about a month old, and no proof of identity.
"""

from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from domain.kernel import text
from domain.kernel.faults import Fault
from domain.taxpayers.registry import LONGEST_ADDRESS, LONGEST_NAME, RegistryAnswer, Taxpayer
from domain.taxpayers.rules import gdt_status
from domain.vn.tax_codes import canonical, digits_of
from server.gateways.http_client import Circuit, HttpClient

TIMEOUT_SECONDS = 2.0  # somebody waits for an account to be created
_FOUND, _NOBODY = "00", "51"


class _Data(BaseModel):
    id: str
    name: str
    address: str
    status: str = ""


class _Reply(BaseModel):
    code: str
    data: _Data | None = None


class HttpTaxRegistry:
    """The registry at one address; `source` in its answers is the name of that machine."""

    def __init__(
        self, base_url: str, *, timeout: float = TIMEOUT_SECONDS, circuit: Circuit | None = None
    ) -> None:
        self._client = HttpClient(
            base_url,
            code="TAX_REGISTRY",
            who="The taxpayer registry",
            timeout=timeout,
            circuit=circuit,
        )
        self._source = urlsplit(base_url).hostname or ""

    async def look_up(self, tax_code: str) -> RegistryAnswer:
        """What it says about a canonical code. Raises TAX_REGISTRY_... for whatever goes wrong."""
        reply = self._read(await self._client.get(tax_code))
        if reply.code == _NOBODY:
            return RegistryAnswer(tax_code, self._source, None)
        if reply.code != _FOUND or reply.data is None:
            raise self._bad("is neither somebody nor nobody")
        if canonical(digits_of(reply.data.id) or "") != tax_code:
            raise self._client.fault("WRONG_TAXPAYER", "answered about another tax code.")
        return RegistryAnswer(tax_code, self._source, self._taxpayer(reply.data))

    def _read(self, body: bytes) -> _Reply:
        try:
            return _Reply.model_validate_json(body)
        except ValidationError:
            raise self._bad("is not what was agreed") from None

    def _taxpayer(self, data: _Data) -> Taxpayer:
        name, address = _tidy(data.name), _tidy(data.address)
        if not (0 < len(name) <= LONGEST_NAME and 0 < len(address) <= LONGEST_ADDRESS):
            raise self._bad("has no name and address of usual length")
        return Taxpayer(name, address, gdt_status(data.status))

    def _bad(self, why: str) -> Fault:
        return self._client.fault("BAD_ANSWER", f"gave an answer that {why}.")


def _tidy(words: str) -> str:
    """Untrusted text on one line, without what cannot be seen."""
    return " ".join(text.clean_outgoing(words).split())
