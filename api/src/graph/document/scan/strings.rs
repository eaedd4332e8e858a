//! Reads escapes within strings, including those that the parser does not know.

/// An escape in a string.
pub(super) struct Escape {
    pub(super) character: char,
    /// The length of the escape in bytes.
    pub(super) length: usize,
    /// True if only newer editions of the specification have it: `\u{1F600}`, and surrogate pairs.
    pub(super) newer: bool,
}

/// Returns the escape at the beginning of a text.
pub(super) fn escape(text: &str) -> Option<Escape> {
    let simple = |character| Some(Escape { character, length: 2, newer: false });
    match text.as_bytes().get(1)? {
        b'"' => simple('"'),
        b'\\' => simple('\\'),
        b'/' => simple('/'),
        b'b' => simple('\u{8}'),
        b'f' => simple('\u{c}'),
        b'n' => simple('\n'),
        b'r' => simple('\r'),
        b't' => simple('\t'),
        b'u' if text.as_bytes().get(2) == Some(&b'{') => braced(text),
        b'u' => {
            let code = four_digits(text)?;
            if let Some(character) = char::from_u32(code) {
                return Some(Escape { character, length: 6, newer: false });
            }
            let low = four_digits(text.get(6..)?).filter(|low| (0xDC00..0xE000).contains(low))?;
            let code =
                0x1_0000 + (code.checked_sub(0xD800).filter(|high| *high < 0x400)? << 10) + (low - 0xDC00);
            Some(Escape { character: char::from_u32(code)?, length: 12, newer: true })
        }
        _ => None,
    }
}

fn braced(text: &str) -> Option<Escape> {
    /// The most digits, including leading zeros, as in graphql-js.
    const MOST: usize = 8;
    let digits = text.get(3..)?.bytes().take(MOST + 1).take_while(u8::is_ascii_hexdigit).count();
    let end = 3 + digits;
    if digits > MOST || text.as_bytes().get(end) != Some(&b'}') {
        return None;
    }
    let code = u32::from_str_radix(text.get(3..end)?, 16).ok()?;
    Some(Escape { character: char::from_u32(code)?, length: end + 1, newer: true })
}

/// Returns the number of `\u` and four digits.
fn four_digits(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    if digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        u32::from_str_radix(digits, 16).ok()
    } else {
        None
    }
}

/// Returns an equal, shorter string with escapes that the parser knows.
pub(super) fn in_older_escapes(string: &str) -> String {
    let mut older = String::with_capacity(string.len());
    let mut rest = string;
    while let Some(at) = rest.find('\\') {
        older.push_str(&rest[..at]);
        rest = &rest[at..];
        // The lexer has accepted it already.
        let Some(escape) = escape(rest) else { break };
        match escape.character {
            _ if !escape.newer => older.push_str(&rest[..escape.length]),
            '"' => older.push_str("\\\""),
            '\\' => older.push_str("\\\\"),
            '\n' => older.push_str("\\n"),
            '\r' => older.push_str("\\r"),
            character => older.push(character),
        }
        rest = &rest[escape.length..];
    }
    older.push_str(rest);
    older
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_escapes_become_older_ones_that_are_no_longer() {
        for (newer, older) in [
            (r#""a\u{1F600}\n""#, "\"a😀\\n\""),
            (r#""\uD83D\uDE00b""#, "\"😀b\""),
            (r#""\u{22}\u{5C}\u{A}\u{D}\u{0}""#, "\"\\\"\\\\\\n\\r\0\""),
            (r#""\\u{41}\u0041""#, r#""\\u{41}\u0041""#),
        ] {
            assert_eq!(in_older_escapes(newer), older);
            assert!(older.chars().count() <= newer.chars().count());
        }
    }
}
