"""Real servers for the demo, the tests and the benchmarks: fetched, started, waited for and stopped.

MySQL (9 and 5.6), Elasticsearch and HBase run as ordinary processes on free ports of 127.0.0.1; nothing is installed
and no container is needed. Place in the data flow: outside it; these are the systems that the flow reads and writes.

Invariants:
- nothing outlives its owner: when the Python process that started a server dies in any way (``kill -9`` included),
  the server is killed and its data removed (``reaper``); only ``stack up`` on the command line detaches, on purpose;
- a process is only signalled when it is proved to be ours (parenthood, or pid with start time), never by name;
- every listening socket is bound to 127.0.0.1;
- a download is verified (pinned SHA-256, Maven's strict checksums, or apt's signed indices) and unpacked atomically.

    with Mysql() as mysql, Elasticsearch(quick=True) as es:
        with mysql.connect() as connection: ...
"""

from actors.stack.elasticsearch import Elasticsearch
from actors.stack.hbase import Hbase
from actors.stack.mysql import Mysql
from actors.stack.server import Server

__all__ = ["Elasticsearch", "Hbase", "Mysql", "Server"]
