//! Finds the position of a part of an argument's value, which async-graphql's parser does not keep. Only errors need it.

use async_graphql::Pos;

use super::lexer::{Kind, Lexer, Token};
use super::mend::with_line_feeds;

/// Returns the position of a part of a value, or of the nearest enclosing part in the text: a variable represents all of its
/// parts.
///
/// `from`: the position of the value, or of the field or directive that has it as an argument. `path`: the dotted path from the
/// argument inwards, such as `filter.or.0.notes.eq`; names that begin with `@` are skipped.
pub(in crate::graph::document) fn place_of_part(text: &str, from: Pos, path: &str) -> Option<Pos> {
    let fed = with_line_feeds(text);
    let mut walk = Walk::to(fed.as_deref().unwrap_or(text), from)?;
    let mut path = path.split('.').filter(|part| !part.starts_with('@'));
    let mut place = walk.token.from;
    let is_directive = walk.token.is(b'@');
    if is_directive {
        walk.step()?;
    }
    // The name of a field may end the text, but an enum value may not.
    let opens =
        (is_directive || walk.token.kind == Kind::Name) && walk.peek().is_some_and(|next| next.is(b'('));
    if opens {
        walk.step()?;
    } else {
        // The position is that of the argument already.
        path.next();
    }
    for part in path {
        if walk.enter(part).is_none() {
            break;
        }
        place = walk.token.from;
    }
    Some(place.into())
}

/// A walk through the tokens of a value.
struct Walk<'t> {
    lexer: Lexer<'t>,
    token: Token<'t>,
}

impl<'t> Walk<'t> {
    /// Begins at the token at a position.
    fn to(text: &'t str, place: Pos) -> Option<Self> {
        let mut lexer = Lexer::new(text);
        loop {
            let token = lexer.next().ok()??;
            if Pos::from(token.from) == place {
                return Some(Self { lexer, token });
            }
        }
    }

    fn peek(&self) -> Option<Token<'t>> {
        self.lexer.clone().next().ok()?
    }

    fn step(&mut self) -> Option<()> {
        self.token = self.lexer.next().ok()??;
        Some(())
    }

    /// Moves to a part of the current value: the one with this name, or this index.
    fn enter(&mut self, part: &str) -> Option<()> {
        match (self.token.kind, part.parse()) {
            (Kind::Mark(b'['), Ok(number)) => self.item(number),
            (Kind::Mark(b'{' | b'('), Err(_)) => self.field(part),
            // A single value counts as a list of one.
            (Kind::Mark(b'{'), Ok(0)) => Some(()),
            _ => None,
        }
    }

    fn item(&mut self, number: usize) -> Option<()> {
        self.step()?;
        for _ in 0..number {
            self.skip()?;
        }
        (!self.token.is(b']')).then_some(())
    }

    fn field(&mut self, name: &str) -> Option<()> {
        self.step()?;
        while self.token.kind == Kind::Name {
            let is_it = self.token.text == name;
            // The colon.
            self.step()?;
            self.step()?;
            if is_it {
                return Some(());
            }
            self.skip()?;
        }
        None
    }

    /// Moves past the current value.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.token.kind {
                Kind::Mark(b'{' | b'[') => depth += 1,
                Kind::Mark(b'}' | b']') => depth = depth.checked_sub(1)?,
                // A variable's name follows the mark.
                Kind::Mark(b'$') => self.step()?,
                _ => {}
            }
            self.step()?;
            if depth == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the text from the position of a part on.
    fn found<'t>(text: &'t str, from: &str, path: &str) -> &'t str {
        let at = |part: &str| text.find(part).unwrap();
        let place = |at: usize| {
            let before = &text[..at];
            let line = before.rfind('\n').map_or(0, |end| end + 1);
            Pos { line: before.matches('\n').count() + 1, column: text[line..at].chars().count() + 1 }
        };
        let part = place_of_part(text, place(at(from)), path).unwrap();
        &text[(0..text.len()).find(|at| text.is_char_boundary(*at) && place(*at) == part).unwrap()..]
    }

    #[test]
    fn each_part_of_an_argument_is_found() {
        let text = "query($v: X) {\n # é\n a: list(first: 1, filter: {and: [{x: {eq: \"ö)}]\"}}, $v, {or: {y: $v}}], z: -1.5}\n \
                    by: [{a: ASC}]) @skip(if: $v) { plain, word(of: RED, in: [[1], [2, 3]]) } }";
        for (from, path, expected) in [
            ("list", "first", "1, filter"),
            ("list", "filter", "{and"),
            ("list", "filter.and", "[{x"),
            ("list", "filter.and.0.x.eq", "\"ö)"),
            ("list", "filter.and.1", "$v, {or"),
            ("list", "filter.and.1.some.2.thing", "$v, {or"),
            ("list", "filter.and.2.or.y", "$v}}]"),
            ("list", "filter.and.2.or.0.y", "$v}}]"),
            ("list", "filter.and.2.or.0", "{y: $v"),
            ("list", "filter.and.3", "[{x"),
            ("list", "filter.z", "-1.5"),
            ("list", "filter.nothing.x", "{and"),
            ("list", "by.0.a", "ASC"),
            ("list", "missing.x", "list("),
            ("@skip", "@skip.if", "$v) {"),
            ("plain", "p", "plain"),
            ("word", "of", "RED"),
            ("word", "in.1.1", "3]]"),
            // From the value itself.
            ("{and", "filter.and.2.or", "{y: $v"),
            ("RED", "of", "RED"),
            ("-1.5", "x", "-1.5"),
        ] {
            assert!(found(text, from, path).starts_with(expected), "{path}: {}", found(text, from, path));
        }
    }

    #[test]
    fn lines_end_as_they_may() {
        let text = "{ a(x:\r\r\n\n[1,\r2]) }";
        assert_eq!(place_of_part(text, Pos { line: 1, column: 3 }, "x.1"), Some(Pos { line: 5, column: 1 }));
        assert_eq!(place_of_part(text, Pos { line: 9, column: 3 }, "x"), None);
        assert_eq!(place_of_part("{ a", Pos { line: 1, column: 3 }, "x.y"), Some(Pos { line: 1, column: 3 }));
    }
}
