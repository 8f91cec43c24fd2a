"""Errors of what people wrote: project files, files of the package, and what is said of users."""

from __future__ import annotations

from amalimart.core.errors.base import AmalimartError


class ConfigError(AmalimartError):
    """A file of the project (or of the package) says something that cannot be."""

    code = "config_invalid"
    http_status = 500
    exit_code = 2


class ProjectNotFound(ConfigError):
    """No project folder here or above."""

    code = "project_not_found"


class UserInvalid(ConfigError):
    """What is said of a user cannot be: a bad or taken e-mail address, ids that the role does not have."""

    code = "user_invalid"
    http_status = 400
