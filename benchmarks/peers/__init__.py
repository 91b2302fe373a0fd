"""Peers: programs of ours around other projects' decoders, built at run time from pinned versions, never committed."""
