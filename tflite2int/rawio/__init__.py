"""Raw integers in, physical units out: the function NAME_predict_raw, and NAME_predict_class.

toml.py reads what counts mean, maps.py finds the fixed-point arithmetic, text.py writes it in C, entry.py puts the
layers around the model's.
"""

from .entry import OUTPUTS, build_entry
from .text import told

__all__ = ["OUTPUTS", "build_entry", "told"]
