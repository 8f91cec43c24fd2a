"""The HTTP door: governed questions and whole dashboards as JSON, one error shape, one sign-in check."""
