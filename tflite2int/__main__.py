"""``python -m tflite2int``."""

from .cli import main

main()
