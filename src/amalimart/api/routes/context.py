"""How a route reaches the services of its application."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Depends, Request

from amalimart.api.services import AppServices
from amalimart.core.clock import business_day


async def services_of(request: Request) -> AppServices:
    """The services the application was made with. A coroutine: a plain function would be sent to a thread."""
    services: AppServices = request.app.state.services
    return services


Services = Annotated[AppServices, Depends(services_of)]


def current_business_day(services: AppServices) -> date:
    """Today, in the marketplace's time zone."""
    return business_day(services.clock, services.settings.zone)
