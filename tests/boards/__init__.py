"""Building the templates' projects and running them: used by the tests and by ``python -m benchmarks.templates``."""
