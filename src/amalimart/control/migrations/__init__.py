"""Steps that bring a control database to the shape of `tables`; run by `control.database` at start."""
