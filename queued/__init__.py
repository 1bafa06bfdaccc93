"""Queue management and ticketing for public service halls. Begin with ARCHITECTURE.md."""

__version__ = "0.1.0"
