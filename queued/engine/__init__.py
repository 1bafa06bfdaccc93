"""The shell around the core: one actor per hall, its clock, its journal. No HTTP, no SQL."""
