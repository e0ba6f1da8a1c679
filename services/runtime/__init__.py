"""How a service runs: settings, log, event store, projections, timers, web. Knows no service."""
