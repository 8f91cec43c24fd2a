"""Errors of building and publishing a release."""

from __future__ import annotations

from amalimart.core.errors.base import AmalimartError


class WarehouseError(AmalimartError):
    """Building or publishing a release went wrong; the old release keeps serving."""

    code = "warehouse_error"
    exit_code = 5


class CompileFailed(WarehouseError):
    """The dbt project does not compile."""

    code = "compile_failed"


class UnsupportedFeature(WarehouseError):
    """The dbt project uses a feature the executor does not implement."""

    code = "unsupported_feature"


class ModelFailed(WarehouseError):
    """A model's SQL failed; everything was rolled back."""

    code = "model_failed"


class CheckFailed(WarehouseError):
    """An error-level check failed; the release is held back."""

    code = "check_failed"


class ApprovalMissing(WarehouseError):
    """The project changes or adds models that nobody approved, and its settings ask for an approval."""

    code = "approval_missing"
    http_status = 409


class NewerFormat(WarehouseError):
    """The warehouse file was written by a newer version of the product."""

    code = "newer_format"


class NothingPublished(WarehouseError):
    """No release has been published yet."""

    code = "nothing_published"
    http_status = 503
    retryable = True
