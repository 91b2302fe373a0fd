"""Proof that a sink holds what MySQL holds: what SELECT says, put through the same rules, compared value for value.

    information_schema -> TableSchema -> SELECT in key chunks -> Arrow batch -> rules -> documents -> stored fields
                                                                                                        |
    the sink's documents -------------------------------------------------------------------------> compare

    selected_values.py  the text protocol's values -> Arrow arrays of exactly the types that the binlog decoder gives
    documents.py        selected rows -> expected documents
    digests.py          a document in sixteen bytes, and what doesn't agree between two sets of them
    key_set.py          keys in eight bytes each
    comparison.py       expected against found
    verdict.py          what came out

Place in the data flow: beside it. Invariant: nothing here touches the binlog or its decoder, so that agreement means
something; only the rules and the sink's rendering are shared.
"""
