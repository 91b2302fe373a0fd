"""Documents that several rules write a part of each: an order with its address and its lines, from three tables.

    Operations with parts --encode--> items, one per document --script--> scripted upserts --> _bulk
                                                              --merge---> document read, parts put in --> _bulk

A document keeps what was applied of it beside its fields:

    {"id": 7, "total": 9.5, "address": {"city": "Graz"}, "lines": [{"sku": "a"}, {"sku": "b"}],
     "ingest_parts": {"live": true, "sources": {
         "order":   {"live": {"": 5}, "gone": {}, "floor": 0},
         "address": {"live": {"": 9}, "gone": {}, "floor": 0},
         "lines":   {"live": {"1": 5, "2": 7}, "gone": {"3": 11}, "floor": 0}}}}

``live``: the versions of the parts that are there, by their key ("" where a rule has one per document); an array holds
them in the order of ``key_order``. ``gone``: the versions of deletions, so that an older write that comes late isn't
taken; of more than ``GONE_MAX`` the oldest go, and ``floor`` is the highest version among those: a part of which nothing
is known is taken when it is above. (That loses nothing: changes of one rule reach a document in the order of their
versions, so what comes first at or below the floor is old. Only a dead letter that is retried after that many deletions
of its neighbours is left out.)

``origin`` (beside ``live``): where each part that is there came from, unless the rule's ``source_field`` is false.

Two ways to write, one meaning: ``script`` has it done by the server, ``merge`` is done by us with the document read
before; both are tested against one model. Invariants: a part never goes back to an older version, whatever comes twice,
late or in another order; what other parts and other writers have in the document stays as it is.

``payload.py`` what an item says, the same for both ways; ``encode.py`` operations to items; ``script.py``, ``merge.py`` the
two ways; ``answers.py`` what the server's answers mean; ``mapping.py`` how the index must map the field; ``view.py`` the
parts that a document holds, read back.
"""
