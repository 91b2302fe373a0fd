"""Rules: which rows become documents, and what stands in them.

    RuleOptions --parse--> ParsedRule --compile(TableSchema)--> CompiledRule --apply(DecodedSlice)--> Operations

Place in the data flow: after the slice is decoded, before operations are coalesced and encoded. Pure.

What a change does, by whether its images pass the filter (no filter: always; NULL: doesn't pass):

    change | before | after | operation            | in a tail
    -------+--------+-------+----------------------+----------
    INSERT |   -    |  yes  | upsert               | upsert
    INSERT |   -    |  no   | none, counted        | delete
    UPDATE |  any   |  yes  | upsert               | upsert
    UPDATE |  yes   |  no   | delete               | delete
    UPDATE |  no    |  no   | none, counted        | delete
    DELETE |  yes   |   -   | delete               | delete
    DELETE |  no    |   -   | none, counted        | delete

An update that changes a document's key or place (index name, routing value), or the part of it that a row is, arrives
from the reader as a DELETE of the old and an INSERT of the new. A row of a part whose document's key is NULL gives none
and is counted. An upsert's version is one above that of a delete of the same change. A tail (``Slice.tail``) deletes
without asking the before image, since what the sink holds is unknown then.

Invariants: each row gives operations or is counted under a reason; keys are the texts that the reader computes; types,
NULL and collations follow MySQL, and what can't follow is refused when the rule is compiled, never guessed.
"""
