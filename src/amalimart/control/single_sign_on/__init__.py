"""Signing in by an identity provider: OpenID Connect, authorization code flow with PKCE."""
