"""Helpers of the tests: projects written from text, real runs, servers, and looper as an oracle."""
