"""The demo: a parcel carrier's database, a writer that keeps changing it, and the command that shows it arrive.

    schema.py          the tables of database ``parcel``
    literals.py        seeded pools of SQL literals
    workload.py        seed -> transactions as SQL text
    writer.py          the process that runs them at a rate and counts the row changes
    writer_process.py  starts and listens to that process
    configuration.py   the configuration that the demo runs
    command.py         ``ingest demo``

Place in the data flow: the source's side of it, and a user of the pipeline like any other.
"""
