"""Sort weights of MySQL's collations: what makes text comparison here the same as there.

Owns the tables (``uca_0900``, ``uca_0400``, ``uca_0520``: the Unicode Collation Algorithm's primary weights in the
versions that MySQL uses; ``simple``: one weight per character) and their decoding (``table``). A text's weights are
those of its characters one after the other; in the collations kept here nothing depends on neighbouring characters.

The tables were asked of a MySQL server, character by character, by ``WEIGHT_STRING()``. The integration test
``test_collation_weights_mysql.py`` asks again for every code point, and writes the tables anew with ``REWRITE=1``.

Invariant: weights are numbers below 2^16, kept as characters whose order is that of the numbers (so UTF-8 bytes sort
like weights), leaving out the surrogates, which are no text.
"""
