//! Parses JSON text to values that borrow from it. Numbers keep their text: `serde_json` would convert them to doubles.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::value::RawValue;
use thiserror::Error;

use super::Value;

/// The most nested lists and objects, as in `serde_json`.
const DEEPEST: usize = 127;

/// The error of text with half a surrogate pair: escaped in JSON it looks like a character, but is none.
pub const NOT_UNICODE: &str = "holds text that is not Unicode";

/// The reasons why JSON is refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Flaw {
    /// It is not an object.
    #[error("is not a JSON object")]
    NotAnObject,
    /// A string of it is not Unicode.
    #[error("{NOT_UNICODE}")]
    NotUnicode,
    /// It has two fields of this name.
    #[error("gives `{0}` more than once")]
    Repeated(Box<str>),
    /// Its lists and objects are nested too deep.
    #[error("nests more than {DEEPEST} levels")]
    TooDeep,
}

/// Checks an object; returns `None` for null. It checks what [`RawValue`] does not: surrogates and nesting.
pub fn object(json: Box<RawValue>) -> Result<Option<Box<RawValue>>, Flaw> {
    let text = json.get();
    if text == "null" {
        return Ok(None);
    }
    if !text.starts_with('{') {
        return Err(Flaw::NotAnObject);
    }
    let mut depth = 0_usize;
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let mut has_code_points = false;
                let end = loop {
                    match bytes.next() {
                        Some((_, b'\\')) => has_code_points |= matches!(bytes.next(), Some((_, b'u'))),
                        Some((_, byte)) if byte != b'"' => {}
                        Some((end, _)) => break end,
                        None => break text.len(),
                    }
                };
                let string = || serde_json::from_str::<String>(text.get(at..=end)?).ok();
                if has_code_points && string().is_none() {
                    return Err(Flaw::NotUnicode);
                }
            }
            _ => {}
        }
        if depth > DEEPEST {
            return Err(Flaw::TooDeep);
        }
    }
    Ok(Some(json))
}

/// Refuses an object that has a field twice. Nested objects are not checked.
pub fn fields_once(object: &RawValue) -> Result<(), Flaw> {
    match read(object.get()) {
        Some(Value::Object(fields)) => match repeated(&fields) {
            Some(name) => Err(Flaw::Repeated(name.into())),
            None => Ok(()),
        },
        Some(_) => Err(Flaw::NotAnObject),
        None => Err(Flaw::TooDeep),
    }
}

/// Parses a JSON text; returns `None` if it is invalid or nests too deep.
pub(in crate::graph) fn read(text: &str) -> Option<Value<'_>> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.skip_space();
    (reader.at == text.len()).then_some(value)
}

/// Returns the first name that an object has twice: two parsers could use the first value and the last.
pub(in crate::graph) fn repeated<'f>(fields: &'f [(Cow<'_, str>, Value<'_>)]) -> Option<&'f str> {
    const FEW: usize = 16;
    if fields.len() <= FEW {
        let is_repeated = |at: usize| fields[..at].iter().any(|(before, _)| *before == fields[at].0);
        return (0..fields.len()).find(|at| is_repeated(*at)).map(|at| &*fields[at].0);
    }
    let mut seen = HashSet::with_capacity(fields.len());
    fields.iter().map(|(name, _)| &**name).find(|name| !seen.insert(*name))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Option<Value<'a>> {
        match self.peek()? {
            b'{' | b'[' if depth == DEEPEST => None,
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            b'"' => self.string().map(Value::Text),
            b't' => self.word("true").map(|()| Value::Boolean(true)),
            b'f' => self.word("false").map(|()| Value::Boolean(false)),
            b'n' => self.word("null").map(|()| Value::Null),
            _ => self.number().map(Value::Number),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value<'a>> {
        let mut fields = Vec::new();
        self.take(b'{')?;
        if self.peek()? == b'}' {
            self.take(b'}')?;
            return Some(Value::Object(fields));
        }
        loop {
            self.peek()?;
            let name = self.string()?;
            self.take(b':')?;
            fields.push((name, self.value(depth + 1)?));
            if self.peek()? != b',' {
                self.take(b'}')?;
                return Some(Value::Object(fields));
            }
            self.take(b',')?;
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value<'a>> {
        let mut items = Vec::new();
        self.take(b'[')?;
        if self.peek()? == b']' {
            self.take(b']')?;
            return Some(Value::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.peek()? != b',' {
                self.take(b']')?;
                return Some(Value::List(items));
            }
            self.take(b',')?;
        }
    }

    /// Parses a string; it is borrowed if it has no escapes.
    fn string(&mut self) -> Option<Cow<'a, str>> {
        let quoted = self.text.get(self.at..)?;
        let inside = quoted.strip_prefix('"')?;
        let mut bytes = inside.bytes().enumerate();
        let mut is_plain = true;
        let end = loop {
            match bytes.next()? {
                (end, b'"') => break end,
                (_, b'\\') => {
                    is_plain = false;
                    bytes.next()?;
                }
                (_, byte) => is_plain &= byte >= b' ',
            }
        };
        self.at += end + 2;
        if is_plain {
            return inside.get(..end).map(Cow::Borrowed);
        }
        serde_json::from_str(quoted.get(..end + 2)?).ok().map(Cow::Owned)
    }

    fn number(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.at..)?;
        let digits = |from: usize| rest.bytes().skip(from).take_while(u8::is_ascii_digit).count();
        let byte = |at: usize| rest.as_bytes().get(at).copied();
        let begin = usize::from(byte(0) == Some(b'-'));
        let whole = digits(begin);
        if whole == 0 || whole > 1 && byte(begin) == Some(b'0') {
            return None;
        }
        let mut end = begin + whole;
        if byte(end) == Some(b'.') {
            let fraction = digits(end + 1);
            end += 1 + fraction;
            if fraction == 0 {
                return None;
            }
        }
        if matches!(byte(end), Some(b'e' | b'E')) {
            end += 1 + usize::from(matches!(byte(end + 1), Some(b'+' | b'-')));
            let exponent = digits(end);
            end += exponent;
            if exponent == 0 {
                return None;
            }
        }
        self.at += end;
        rest.get(..end)
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.text.get(self.at..)?.starts_with(word).then(|| self.at += word.len())
    }

    /// Returns the next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        self.skip_space();
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    fn skip_space(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value as Json;

    use super::*;

    /// Returns another parser's result for a text, and its result for the output of this one.
    fn both(text: &str) -> (Option<Json>, Option<Json>) {
        let ours = read(text).map(|value| {
            let mut out = Vec::new();
            value.write_json(&mut out);
            serde_json::from_slice(&out).unwrap()
        });
        (serde_json::from_str(text).ok(), ours)
    }

    #[test]
    fn a_text_is_read_as_another_reader_reads_it() {
        for text in [
            "",
            " ",
            "null",
            "tru",
            "truex",
            "[1,]",
            "[,]",
            "[]",
            "{}",
            "{\"a\":}",
            "{a:1}",
            "[1 2]",
            "01",
            "-",
            "-0",
            "1.",
            ".5",
            "+1",
            "1e",
            "1e+",
            "1E-2",
            "\"",
            "\"\\\"",
            "\"\\u00e9\\ud83d\\ude00\"",
            "\"\\ud800\"",
            "\"a\nb\"",
            "\"é\u{7f}\"",
            " { \"a\" : [ true , false , null , \"\\n\" ] } ",
            "{\"a\":1}}",
            "nan",
            "[[[]]",
            "\u{feff}1",
        ] {
            let (theirs, ours) = both(text);
            assert_eq!(theirs, ours, "{text:?}");
        }
    }

    #[test]
    fn numbers_keep_their_digits() {
        for text in ["72.333333333333333333333", "123456789012345678901234567890", "1.50e+400", "-0.0"] {
            assert_eq!(read(text).unwrap().as_number(), Some(text));
        }
    }

    #[test]
    fn json_that_nests_too_deep_is_refused() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(DEEPEST)).is_some());
        for depth in [DEEPEST + 1, 1_000_000] {
            assert!(read(&nested(depth)).is_none());
        }
    }

    fn object_of(text: &str) -> Result<Option<Box<RawValue>>, Flaw> {
        object(serde_json::from_str(text).unwrap())
    }

    #[test]
    fn every_checked_object_can_be_read() {
        for json in ["1", "[]", "\"{}\"", "true"] {
            assert!(matches!(object_of(json), Err(Flaw::NotAnObject)), "{json}");
        }
        assert!(matches!(object_of(" null "), Ok(None)));
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert!(object_of(&nested(DEEPEST)).is_ok() && read(&nested(DEEPEST)).is_some());
        for depth in [DEEPEST + 1, 100_000] {
            assert!(
                matches!(object_of(&nested(depth)), Err(Flaw::TooDeep)) && read(&nested(depth)).is_none()
            );
        }
        // Brackets and quotes within strings are text.
        let text = format!("{{\"a\":\"{}\\\"\\\\\"}}", "[".repeat(200));
        assert!(object_of(&text).is_ok() && read(&text).is_some());
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            (-1e9..1e9_f64).prop_map(Json::from),
            ".{0,8}".prop_map(Json::from),
        ];
        leaf.prop_recursive(4, 30, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
                prop::collection::btree_map(".{0,4}", inner, 0..5)
                    .prop_map(|map| Json::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn an_object_is_taken_if_it_can_be_read(text in r#"(\\\\|\\"|\\ud83d|\\ude00|\\uD800|\\u0061|\\n|[a\]{é]){0,6}"#, name in any::<bool>()) {
            let text = if name { format!("{{\"{text}\":[1]}}") } else { format!("{{\"a\":[\"{text}\"]}}") };
            prop_assert_eq!(object_of(&text).is_ok(), read(&text).is_some(), "{}", text);
        }

        #[test]
        fn any_json_is_read(json in any_json()) {
            for text in [json.to_string(), serde_json::to_string_pretty(&json).unwrap()] {
                let (theirs, ours) = both(&text);
                prop_assert_eq!(&theirs, &ours);
                prop_assert_eq!(ours.as_ref(), Some(&json));
            }
        }

        #[test]
        fn almost_json_is_read_or_refused_likewise(json in any_json(), at: prop::sample::Index, with in "[\\[\\]{}\",:0-9eE.+tfn\\\\ -]?") {
            let mut letters: Vec<char> = json.to_string().chars().collect();
            let at = at.index(letters.len());
            letters.splice(at..=at, with.chars());
            let text: String = letters.into_iter().collect();
            match serde_json::from_str::<Json>(&text) {
                Ok(_) => prop_assert!(read(&text).is_some(), "{}", text),
                // It stops at a number beyond a double, which is valid nevertheless.
                Err(error) if error.to_string().starts_with("number out of range") => {}
                Err(_) => prop_assert!(read(&text).is_none(), "{}", text),
            }
        }
    }
}
