"""The version of this package. A plan that another version made is made anew."""

__version__ = "0.2.0"
