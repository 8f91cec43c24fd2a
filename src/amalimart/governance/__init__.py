"""Who answers for tables and metrics, who sees what, what was approved: from what is declared, and told."""
