"""The BentoML service: `POST /predict`, and what tells an operator how it is.

Everything that the world decides is read here and nowhere below: the home directory, the number of workers.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from features.policy import policy_text
from serving.answers import Answerer
from serving.api import Door, error_body, error_headers
from serving.champion import load_champion
from serving.errors import FrameError
from serving.online import OnlineRows, OnlineStore, StoreAway
from serving.reasons import Texts
from serving.requests import (
    LANGUAGES,
    MAX_ID_LENGTH,
    MAX_IDS,
    MAX_REASONS,
    PredictRequest,
    RequestError,
    check_as_of,
)

# A bank's service tells nobody outside that it runs; BentoML would, once when it starts and every 12 hours.
os.environ["BENTOML_DO_NOT_TRACK"] = "True"

import bentoml

logger = logging.getLogger("bellwether")

STORE_SECONDS = 0.25
REQUEST_SECONDS = 10
FEW_IDS = 20


@dataclass(frozen=True)
class ServiceSettings:
    """What the environment says: where the state lies, how many workers, and whether a benchmark runs."""

    home: Path
    workers: int
    has_empty: bool

    @classmethod
    def read(cls) -> ServiceSettings:
        """Read BELLWETHER_HOME, BELLWETHER_WORKERS and BELLWETHER_EMPTY_ENDPOINT."""
        return cls(
            home=Path(os.environ.get("BELLWETHER_HOME") or ".bellwether").expanduser().absolute(),
            workers=int(os.environ.get("BELLWETHER_WORKERS") or 2),
            has_empty=os.environ.get("BELLWETHER_EMPTY_ENDPOINT") == "1",
        )


SETTINGS = ServiceSettings.read()
TEXTS = Texts.parse(policy_text("texts"))

CustomerId = Annotated[str, MinLen(1), MaxLen(MAX_ID_LENGTH)]


class PredictAnswer(BaseModel):
    """An answer: one prediction per customer, in the order asked."""

    model_config = ConfigDict(extra="forbid")

    bundle_version: str
    as_of: str
    language: str
    predictions: list[dict[str, Any]]


@bentoml.service(
    name="Bellwether",
    workers=SETTINGS.workers,
    traffic={"timeout": REQUEST_SECONDS},
    logging={"access": {"enabled": False}},
)
class Bellwether:
    """Churn, growth and loyalty of a bank's customers, with reasons that a banker can check."""

    def __init__(self) -> None:
        self._answerer: Answerer = load_champion(SETTINGS.home)
        self._store = OnlineStore(SETTINGS.home / "online")
        # Feast turns these warnings on for everyone; BentoML 1.4 asks pydantic in a way that raises one.
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="_bentoml_impl")
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="online-store")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="answers")
        try:
            self._store.check()
        except StoreAway as error:
            logger.warning("not ready: %s", error)

    @bentoml.on_deployment  # type: ignore[untyped-decorator]
    @staticmethod
    def verify() -> None:
        """Refuse to start any worker on a bundle that is absent or damaged."""
        load_champion(SETTINGS.home)

    async def __is_ready__(self) -> bool:
        """Whether the feature store answers; the bundle was verified before this worker came to be."""
        try:
            await self._read(("-",))
        except StoreAway as error:
            logger.warning("not ready: %s", error)
            return False
        return True

    @bentoml.api(output_spec=PredictAnswer)  # type: ignore[untyped-decorator]
    async def predict(
        self,
        customer_ids: Annotated[list[CustomerId], MinLen(1), MaxLen(MAX_IDS)],
        as_of: str | None = None,
        reasons: Annotated[int, Ge(0), Le(MAX_REASONS)] = 5,
        language: str = LANGUAGES[0],
    ) -> Response:
        """Predict churn, growth and loyalty of the customers, with reasons in words."""
        request = PredictRequest(tuple(customer_ids), as_of, reasons, language)
        try:
            rows = await self._read(request.customer_ids)
            check_as_of(request, rows.published.as_of)
            if len(request.customer_ids) <= FEW_IDS:
                return self._answer(request, rows)
            return await asyncio.get_running_loop().run_in_executor(self._writer, self._answer, request, rows)
        except RequestError as error:
            return _refusal(error)
        except StoreAway as error:
            logger.warning("503: %s", error)
            return _refusal(RequestError(503, "store_away"))
        except FrameError as error:
            logger.warning("503, bundle %s: %s", self._answerer.version, error)
            return _refusal(RequestError(503, "store_behind"))

    if SETTINGS.has_empty:

        @bentoml.api  # type: ignore[untyped-decorator]
        async def empty(self) -> dict[str, str]:
            """Answer nothing: the floor of a benchmark."""
            return {}

    async def _read(self, customer_ids: tuple[str, ...]) -> OnlineRows:
        """Read the customers' rows, or say within the deadline that the store does not answer."""
        reading = asyncio.get_running_loop().run_in_executor(self._reader, self._store.read, customer_ids)
        try:
            return await asyncio.wait_for(reading, STORE_SECONDS)
        except TimeoutError as error:
            raise StoreAway(f"online store: no answer within {STORE_SECONDS} seconds") from error

    def _answer(self, request: PredictRequest, rows: OnlineRows) -> Response:
        answer = self._answerer.answer(request, rows, _new_prediction_id)
        text = json.dumps(answer, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return Response(text.encode(), media_type="application/json")


def _new_prediction_id() -> str:
    return secrets.token_hex(16)


def _refusal(error: RequestError) -> Response:
    return Response(error_body(error, TEXTS), error.status, error_headers(error), "application/json")


_SERVICE: Any = Bellwether  # the decorator has made a BentoML service of the class
_SERVICE.add_asgi_middleware(
    Door, texts=TEXTS, extra_routes=frozenset({"/empty"}) if SETTINGS.has_empty else frozenset()
)
