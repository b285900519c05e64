"""The version of this package. Plans of another version are made anew."""

__version__ = "0.2.0"
