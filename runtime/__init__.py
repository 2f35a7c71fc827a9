"""Production: injects breakpoints, reads, forecasts, acts. Needs the standard library and `bytecode` alone."""
