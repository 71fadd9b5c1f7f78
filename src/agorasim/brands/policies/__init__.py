"""Built-in strategies, one a file; `agorasim.brands.registry` finds them by name."""
