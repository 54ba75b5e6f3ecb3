"""Tasks that are made up, to ask one thing of a cell: what does it remember, and how long?"""

from seqlab.data.synthetic.adding import Adding
from seqlab.data.synthetic.copy_memory import CopyMemory
from seqlab.data.synthetic.parity import Parity
from seqlab.data.synthetic.temporal_order import TemporalOrder

__all__ = ["Adding", "CopyMemory", "Parity", "TemporalOrder"]
