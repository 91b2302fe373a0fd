"""SHOW GRANTS to what the account may do (MySQL reference manual, "SHOW GRANTS Statement", "GRANT Statement").

The lines are read and dropped at once: those of 5.6 hold a password hash, which must not get any further.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ingest.mysql.lexer import Kind, NotUnderstood, Token, tokenize
from ingest.mysql.server_version import ServerVersion

_ALL = "ALL PRIVILEGES"
# Stand-ins for "any text" in a pattern: a grant covers the pattern only if it covers the text with each of them.
_ANY_TEXT = ("", "\ue000\ue001")
_ANY_CHARACTER = "\ue002"


@dataclass(frozen=True, slots=True)
class Grant:
    """Privileges (upper case) on a database (a LIKE pattern; "*" for all) and a table ("*" for all)."""

    privileges: frozenset[str]
    database: str
    table: str

    def gives(self, privilege: str) -> bool:
        """Whether the privilege is among them."""
        return privilege in self.privileges or _ALL in self.privileges


@dataclass(frozen=True, slots=True)
class Grants:
    """What an account may do. ``revoked``: databases taken out of a global grant (partial revokes). ``idle_roles``:
    roles that it has and that aren't active, so their privileges don't count. ``fold``: names compare without case."""

    granted: tuple[Grant, ...]
    revoked: tuple[Grant, ...] = ()
    idle_roles: tuple[str, ...] = ()
    fold: bool = False

    def has(self, privilege: str) -> bool:
        """Whether the account has a global privilege, e.g. REPLICATION SLAVE."""
        return any(grant.gives(privilege) for grant in self.granted if grant.database == "*")

    def covers(self, privilege: str, database: str, table: str) -> bool:
        """Whether the account has the privilege on every table that a pair of patterns (``*``, ``?``) may match."""
        if self.has(privilege) and not any(self._touches(revoked, privilege, database) for revoked in self.revoked):
            return True
        return any(
            grant.gives(privilege) and self._covers_database(grant, database) and self._covers_table(grant, table)
            for grant in self.granted
            if grant.database != "*"
        )

    def _covers_database(self, grant: Grant, pattern: str) -> bool:
        # With partial revokes a database name in a grant is literal; taking it for a pattern then never hides a
        # missing privilege but for names with _ or %, which information_schema settles.
        like = _like(self._case(grant.database))
        return all(like.fullmatch(self._case(text)) for text in _samples(pattern))

    def _covers_table(self, grant: Grant, pattern: str) -> bool:
        return grant.table == "*" or self._case(grant.table) == self._case(pattern)

    def _touches(self, revoked: Grant, privilege: str, pattern: str) -> bool:
        names = {"*": ".*", "?": "."}
        wanted = re.compile("".join(names.get(mark, re.escape(mark)) for mark in self._case(pattern)), re.DOTALL)
        return revoked.gives(privilege) and wanted.fullmatch(self._case(revoked.database)) is not None

    def _case(self, name: str) -> str:
        return name.lower() if self.fold else name


def parse_grants(
    lines: Iterable[str], version: ServerVersion, active_roles: str = "NONE", fold: bool = False
) -> Grants:
    """The lines of SHOW GRANTS (with USING the active roles, if any) and CURRENT_ROLE()'s text.

    A line that isn't understood gives no privilege; the one that is missing then is named by the judgement.
    """
    granted: list[Grant] = []
    revoked: list[Grant] = []
    roles: list[str] = []
    for line in lines:
        try:
            tokens = tokenize(line, version)
        except NotUnderstood:
            continue
        if not tokens or not tokens[0].is_word("GRANT", "REVOKE"):
            continue
        on = next((index for index, token in enumerate(tokens) if token.is_word("ON")), None)
        if on is None:
            roles += _role_names(tokens[1:])
        else:
            scope = _scope(tokens[on + 1 :])
            if scope is not None:
                target = granted if tokens[0].is_word("GRANT") else revoked
                target.append(Grant(frozenset(_privileges(tokens[1:on])), *scope))
    active = set(_role_names(tokenize(active_roles, version)))
    return Grants(tuple(granted), tuple(revoked), tuple(role for role in roles if role not in active), fold)


def _privileges(tokens: Sequence[Token]) -> Iterator[str]:
    """The privileges of a list; one that is limited to columns is left out."""
    words: list[str] = []
    depth, limited = 0, False
    for token in [*tokens, Token(Kind.MARK, ",")]:
        if token.is_mark("("):
            depth, limited = depth + 1, True
        elif token.is_mark(")"):
            depth -= 1
        elif token.is_mark(",") and depth == 0:
            if words and not limited:
                yield " ".join(words)
            words, limited = [], False
        elif depth == 0:
            words.append(token.text.upper())


def _scope(tokens: Sequence[Token]) -> tuple[str, str] | None:
    """``*.*``, ``db.*`` or ``db.table`` to (database, table); None for routines and proxies."""
    if tokens and tokens[0].is_word("TABLE"):
        tokens = tokens[1:]
    if len(tokens) < 3 or not tokens[1].is_mark(".") or (tokens[0].kind is Kind.TEXT and not tokens[0].double):
        return None
    return tokens[0].text, tokens[2].text


def _role_names(tokens: Sequence[Token]) -> Iterator[str]:
    """``role@host`` of each account up to TO."""
    end = next((index for index, token in enumerate(tokens) if token.is_word("TO", "FROM")), len(tokens))
    for index in range(end - 2):
        if tokens[index + 1].is_mark("@"):
            yield f"{tokens[index].text}@{tokens[index + 2].text}"


def _samples(pattern: str) -> list[str]:
    return [pattern.replace("?", _ANY_CHARACTER).replace("*", text) for text in _ANY_TEXT]


def _like(pattern: str) -> re.Pattern[str]:
    r"""A LIKE pattern: ``%`` any text, ``_`` one character, ``\`` takes the next one as it is."""
    pieces = re.findall(r"\\.|.", pattern, flags=re.DOTALL)
    meaning = {"%": ".*", "_": "."}
    return re.compile("".join(meaning.get(piece, re.escape(piece[-1])) for piece in pieces), re.DOTALL)
