"""Flash, RAM, stack, instructions and cycles of a set of models on every target, beside other people's figures.

``python -m benchmarks`` measures all and renews results.json and RESULTS.md; ``--check`` only says what became worse.
"""
