"""cxspark: Spark jobs that measure and close a company's customer information gap."""

__version__ = "0.1.0"
