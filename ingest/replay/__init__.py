"""Archived binlog files as a lane's stream: pure decisions.

    archive.py   a file's bytes -> what came before it, what it holds, where its last whole transaction ends
    order.py     files in any order -> the order of their transactions, and what is missing between them
    shadow.py    a lane -> the same rules into targets beside its own

The shell is actors/replay. A file is one more source of packets: reader, dispatcher and shards are those of every lane.
"""
