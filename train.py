"""The door: ``python train.py model=lstm data=names`` is ``seqlab train model=lstm data=names``."""

from seqlab.cli import train

if __name__ == "__main__":
    raise SystemExit(train())
