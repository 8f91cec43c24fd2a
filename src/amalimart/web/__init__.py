"""The pages: sign-in, dashboards and their files. Data reaches a page only through the JSON interface."""
