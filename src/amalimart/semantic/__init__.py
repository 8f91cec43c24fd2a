"""The semantic layer: every KPI defined once, every read scoped and planned here."""
