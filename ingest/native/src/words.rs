//! The first bare words of a statement, in upper case: what tells transaction control from statements.
//!
//! Comments and signs are passed over, executable comments (`/*!50003 ... */`) looked into; a string or quoted name
//! gives an empty word. The text is taken as Latin-1, so that every byte is a character.

/// The first `count` words of `sql`, filled up with empty ones.
pub fn first_words(sql: &[u8], count: usize) -> Vec<String> {
    let mut words = Vec::with_capacity(count);
    let mut at = 0;
    while at < sql.len() && words.len() < count {
        let rest = &sql[at..];
        at += match rest[0] {
            b if is_space(b) => 1,
            b'#' => line_end(rest),
            b'-' if rest.starts_with(b"--") && rest.get(2).is_none_or(|b| is_space(*b)) => line_end(rest),
            b'/' if rest.starts_with(b"/*") => comment(rest),
            b'*' if rest.starts_with(b"*/") => 2,
            quote @ (b'`' | b'\'' | b'"') => {
                words.push(String::new());
                quoted(rest, quote)
            }
            b if is_word(b) => {
                let size = rest.iter().take_while(|b| is_word(**b) || **b >= 0x80).count();
                words.push(rest[..size].iter().map(|b| char::from(b.to_ascii_uppercase())).collect());
                size
            }
            _ => 1,
        };
    }
    words.resize(count, String::new());
    words
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | 9..=13 | 0x1c..=0x1f | 0x85 | 0xa0)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || (byte >= 0x80 && !is_space(byte))
}

fn line_end(rest: &[u8]) -> usize {
    rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len())
}

/// A comment, or only the opening of an executable one.
fn comment(rest: &[u8]) -> usize {
    let mark = if rest.get(2) == Some(&b'M') && rest.get(3) == Some(&b'!') { 4 } else { 3 };
    if mark == 4 || rest.get(2) == Some(&b'!') {
        return mark + rest[mark..].iter().take_while(|b| b.is_ascii_digit()).count();
    }
    rest.windows(2).skip(2).position(|two| two == b"*/").map_or(rest.len(), |place| place + 4)
}

fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        if quote != b'`' && rest[at] == b'\\' && at + 1 < rest.len() {
            at += 2;
        } else if rest[at] == quote {
            if rest.get(at + 1) != Some(&quote) {
                return at + 1;
            }
            at += 2;
        } else {
            at += 1;
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        for (sql, expected) in [
            ("xa start 'x'", ["XA", "START", ""]),
            ("/* c */ rollback -- x\n to `a`", ["ROLLBACK", "TO", ""]),
            ("/*!50003 COMMIT */", ["COMMIT", "", ""]),
            ("# x\nBEGIN", ["BEGIN", "", ""]),
            ("--x", ["X", "", ""]),
            ("'a\\'b' savepoint", ["", "SAVEPOINT", ""]),
        ] {
            assert_eq!(first_words(sql.as_bytes(), 3), expected, "{sql}");
        }
    }
}
