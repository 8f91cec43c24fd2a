"""OpenTelemetry, known nowhere else. Imported by a process that sets telemetry up, and by no other."""
