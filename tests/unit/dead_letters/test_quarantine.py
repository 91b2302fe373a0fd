"""ingest.dead_letters.quarantine: what supersedes, what is sent, what is closed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.dead_letters.letter import QUARANTINED, OpenLetter
from ingest.dead_letters.quarantine import Quarantine


def letter(change: str, version: int, **more: object) -> OpenLetter:
    """A letter of document (t, k), refused by the sink."""
    fields = {"target": "t", "key": "k", "routing": None, "document_key": "k", "whole": True, "reason": "bad",
              "buried_us": version, **more}  # fmt: skip
    return OpenLetter(change, version=version, **fields)  # type: ignore[arg-type]


def changes(chains: list[list[OpenLetter]]) -> list[list[str]]:
    return [[one.change for one in chain] for chain in chains]


LETTERS = st.lists(
    st.builds(
        lambda version, routing, whole, held: letter(
            f"{routing}{version}", version, routing=routing, whole=whole, reason=QUARANTINED if held else "bad"
        ),
        st.integers(1, 12), st.sampled_from([None, "r"]), st.booleans(), st.booleans(),
    ),
    max_size=12,
    unique_by=lambda one: one.change,
)  # fmt: skip


@given(LETTERS)
def test_what_is_sent_ends_each_document_at_its_newest_letter(buried: list[OpenLetter]) -> None:
    """Whatever was buried in whatever order, whole and partial: per document a retry sends the newest whole change and
    every partial one after it, by version; once all is settled nothing is left; what was buried is sent, closed or
    counted (invariant 5)."""
    quarantine = Quarantine()
    late = sum(quarantine.bury(one).kept is None for one in buried)
    chains = quarantine.to_send({("t", "k")})
    for chain in chains:
        of_document = [one for one in buried if one.routing == chain[0].routing]
        newest_whole = max((one.version for one in of_document if one.whole), default=0)
        assert [one.version for one in chain] == sorted(
            one.version for one in of_document if one.version >= newest_whole
        )
    assert late + sum(1 + one.superseded for one in quarantine.letters) == len(buried)
    for chain in chains:
        for one in chain:
            quarantine.close(quarantine.closed_by(one.change))
    assert not len(quarantine)
    assert not quarantine.keys
    assert not quarantine.has("t", "k")


def test_a_change_read_again_takes_its_higher_version() -> None:
    """The same change in a newer epoch: one letter, which counts as the newest again, behind its old number and reason;
    an older change that came between is superseded by it."""
    quarantine = Quarantine([letter("x", 10)])
    quarantine.bury(letter("w", 20, reason=QUARANTINED))
    burial = quarantine.bury(letter("x", 30, reason=QUARANTINED))
    assert burial.kept is not None
    assert (burial.is_new, burial.kept.version, burial.kept.reason, burial.closed) == (False, 30, "bad", ["w"])
    assert changes(quarantine.to_send({("t", "k")})) == [["x"]]


def test_a_change_older_than_the_newest_is_no_letter() -> None:
    """Whole documents: what comes late and was superseded before isn't kept."""
    quarantine = Quarantine([letter("cause", 10), letter("newest", 30)])
    burial = quarantine.bury(letter("late", 20))
    assert (burial.kept, burial.is_new, burial.closed) == (None, False, [])
    assert len(quarantine) == 2


def test_two_routings_of_a_key_are_two_documents() -> None:
    """A row that changed its routing: the deletion at the old place isn't superseded by the write at the new one, and
    the key is held until both are settled."""
    quarantine = Quarantine([letter("cause", 10, routing="a")])
    quarantine.bury(letter("gone", 20, routing="a", reason=QUARANTINED))
    quarantine.bury(letter("there", 21, routing="b", reason=QUARANTINED))
    assert changes(quarantine.to_send({("t", "k")})) == [["gone"], ["there"]]
    quarantine.close(quarantine.closed_by("gone"))
    assert quarantine.is_held("t", "k")
    quarantine.close(quarantine.closed_by("there"))
    assert not quarantine.is_held("t", "k")


def test_equal_keys_of_two_targets_do_not_meet() -> None:
    """A document is held by its target and key."""
    quarantine = Quarantine([letter("x", 10)])
    assert quarantine.is_held("t", "k")
    assert not quarantine.is_held("u", "k")
    assert not quarantine.is_held("t", "l")
    assert not Quarantine([letter("x", 10)], holds=False).is_held("t", "k")


def test_only_causes_weigh() -> None:
    """What waits behind a whole document's cause doesn't count towards dead_letters_max; partial changes do."""
    assert letter("x", 1).weighs
    assert not letter("x", 1, reason=QUARANTINED).weighs
    assert letter("x", 1, reason=QUARANTINED, whole=False).weighs
