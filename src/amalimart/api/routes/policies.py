"""Policies: what each role may see, for admins."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from amalimart.api.described import described
from amalimart.api.language import ReadersLanguage
from amalimart.api.routes.context import Services
from amalimart.api.routes.users import Admin
from amalimart.api.wire_response import WireResponse

router = APIRouter(tags=["users"])

_EXAMPLE = {
    "policies": [
        {
            "role": "vendor",
            "description": "Sells; sees its own products, sales and returns.",
            "has_policy": True,
            "is_scoped": True,
            "classes": ["public", "internal"],
            "metrics": ["item_gmv"],
            "dimensions": ["product"],
            "datasets": [
                {
                    "name": "order_items",
                    "rows": {"kind": "own", "column": "vendor_id", "of": "vendor_ids"},
                    "withheld": [],
                }
            ],
        }
    ],
    "labels": {"item_gmv": "Item GMV", "product": "Product"},
}
_RESPONSES: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": {"example": _EXAMPLE}}}}


@router.get("/policies", responses=_RESPONSES)
def policies(_admin: Admin, services: Services, language: ReadersLanguage) -> WireResponse:
    """What each role may see: metrics, dimensions, rows of each dataset, columns withheld. null is all."""
    found = [described(each) for each in services.policies()]
    return WireResponse({"policies": found, "labels": dict(services.semantic.labels(language.value))})
