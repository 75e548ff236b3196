"""This package's own adapters, optimizers and sinks under the suites that it ships."""
