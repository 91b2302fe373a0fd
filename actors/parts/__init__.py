"""From the configuration to what each actor is made of. Wiring only: no decision, no I/O before an actor starts.

One module per role. Everything here pickles, since it is handed to actors when they are made; what can't (connections,
locks, compiled rules) is built in the actor on first use. What is heavy to import (SQL, sinks' clients, the rules) is
imported there too, so that each process loads its own role's part only: a start is a dozen processes on few cores.
"""
