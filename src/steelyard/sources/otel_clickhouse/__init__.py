"""An existing ClickHouse that an OpenTelemetry collector fills: telemetry taken from there."""
