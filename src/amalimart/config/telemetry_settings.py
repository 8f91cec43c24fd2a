"""Who else is told what the processes do: catalogues of lineage, and receivers of figures and traces."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field, model_validator

from amalimart.config.secret_reference import SECRET_REFERENCE
from amalimart.config.strict_yaml import StrictModel


class LineageSettings(StrictModel):
    """Who is told of releases as OpenLineage events.

    namespace  of the project's jobs and tables; made of its name, if not set
    keep_mb    how much the files in logs/openlineage may take together
    http_url   where events are sent, too, such as http://marquez.internal:5000
    """

    enabled: bool = True
    namespace: str | None = Field(default=None, min_length=1, max_length=200)
    keep_mb: int = Field(default=50, ge=1, le=10_000)
    http_url: str | None = None
    api_key: str | None = None

    @model_validator(mode="after")
    def _one_endpoint(self) -> LineageSettings:
        if self.http_url is not None and not self.http_url.startswith(("http://", "https://")):
            raise ValueError("`http_url` is not an http:// or https:// address")
        if self.http_url is not None and "@" in self.http_url.partition("://")[2].partition("/")[0]:
            raise ValueError("`http_url` holds a user or password; give a key as `api_key: secret:NAME`")
        if self.api_key is not None and not self.api_key.startswith(SECRET_REFERENCE):
            raise ValueError("`api_key` needs the form secret:NAME; it is a secret")
        if self.http_url is None and self.api_key is not None:
            raise ValueError("`api_key` belongs to a `http_url`")
        return self


class TelemetrySettings(StrictModel):
    """What the processes count and trace: who may read it, and whom it is sent to.

    metrics_token  the token with which /metrics is read over the network
    open_metrics   anybody may read it
    otlp_endpoint  where it is sent to, by OTLP over HTTP
    """

    metrics_token: str | None = None
    open_metrics: bool = False
    otlp_endpoint: str | None = None

    @model_validator(mode="after")
    def _no_secret_in_the_open(self) -> TelemetrySettings:
        if self.metrics_token is not None and not self.metrics_token.startswith(SECRET_REFERENCE):
            raise ValueError("`metrics_token` needs the form secret:NAME; it is a secret")
        if self.otlp_endpoint is not None:
            address = urlsplit(self.otlp_endpoint)
            if address.scheme not in {"http", "https"} or not address.hostname:
                raise ValueError("`otlp_endpoint` is not an http:// or https:// address")
            if address.username or address.password or address.query:
                raise ValueError("`otlp_endpoint` holds more than an address; credentials are no part of it")
        return self
