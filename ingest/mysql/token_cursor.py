"""A place in a list of tokens: what readers of statements share."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.mysql.lexer import Kind, NotUnderstood, Token

_END = Token(Kind.MARK, "")


class TokenCursor:
    """Walks tokens forward. Everything that expects raises NotUnderstood with the words around the place."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def at_end(self) -> bool:
        """Whether nothing is left but semicolons."""
        return all(token.is_mark(";") for token in self._tokens[self._at :])

    @property
    def left(self) -> int:
        """How many tokens are left."""
        return len(self._tokens) - self._at

    def peek(self, ahead: int = 0) -> Token:
        """The next token (or one further on), an empty mark behind the last."""
        place = self._at + ahead
        return self._tokens[place] if place < len(self._tokens) else _END

    def take(self) -> Token:
        """The next token, consumed. NotUnderstood at the end."""
        if self._at >= len(self._tokens):
            raise NotUnderstood("it ends too early")
        token = self._tokens[self._at]
        self._at += 1
        return token

    def accept(self, *words: str) -> bool:
        """Consume the words if they come next, all of them in this order."""
        if all(self.peek(index).is_word(word) for index, word in enumerate(words)):
            self._at += len(words)
            return True
        return False

    def accept_any(self, *words: str) -> str | None:
        """Consume the next token if it is one of the words; which one it was, in upper case."""
        return self.take().text.upper() if self.peek().is_word(*words) else None

    def accept_mark(self, mark: str) -> bool:
        """Consume the mark if it comes next."""
        if self.peek().is_mark(mark):
            self._at += 1
            return True
        return False

    def expect_mark(self, mark: str) -> None:
        """Consume the mark or raise."""
        if not self.accept_mark(mark):
            raise self.confused()

    def name(self) -> str:
        """A name, quoted or not. One in double quotes counts (ANSI_QUOTES): no string can stand where names do."""
        token = self.peek()
        if token.kind in (Kind.WORD, Kind.NAME) or (token.kind is Kind.TEXT and token.double):
            return self.take().text
        raise self.confused()

    def number(self) -> int:
        """A whole number."""
        if self.peek().kind is not Kind.NUMBER:
            raise self.confused()
        return int(self.take().text)

    def skip_parentheses(self) -> None:
        """Consume a whole ``( ... )`` with all that is nested in it."""
        self.expect_mark("(")
        depth = 1
        while depth:
            token = self.take()
            depth += token.is_mark("(") - token.is_mark(")")

    def confused(self) -> NotUnderstood:
        """The error that names the place."""
        words = " ".join(token.text for token in self._tokens[max(0, self._at - 3) : self._at + 3])
        return NotUnderstood(f"not understood near {words!r}")
