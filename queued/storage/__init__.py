"""SQL behind the engine's ports: one database per data folder. `Store.open` is the way in."""
