"""The version of this package. A plan of another version is replaced by a new one."""

__version__ = "0.3.0"
