"""How a service runs: settings, log, bus, event store, projections, timers, web. Knows no service."""
