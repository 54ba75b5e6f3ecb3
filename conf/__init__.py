"""What can be set: one folder a group. Ships in the wheel as seqlab.conf."""
