//! Chooses the media type of an answer by the `Accept` header (content negotiation, RFC 9110 §12.5.1).
//!
//! It is our own: crates such as `headers-accept` decide ties by the client's order, not the server's, and do not distinguish named
//! media types from wildcards, which must not turn an answer into an event stream.

use axum::http::{HeaderMap, header};

/// A media type that the endpoint can answer in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/graphql-response+json`: the status says whether the request succeeded.
    GraphqlResponse,
    /// `application/json`: the status of every well-formed request is 200, for older clients.
    Json,
    /// `text/event-stream`: responses are sent as they occur.
    EventStream,
    /// `text/html`: a browser opens the page.
    Html,
}

impl Media {
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
            Self::EventStream => "text/event-stream; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
        }
    }

    fn parts(self) -> (&'static str, &'static str) {
        match self {
            Self::GraphqlResponse => ("application", "graphql-response+json"),
            Self::Json => ("application", "json"),
            Self::EventStream => ("text", "event-stream"),
            Self::Html => ("text", "html"),
        }
    }
}

/// Returns the offered media type that the client prefers; `None` if it accepts none. The first one wins among equals, and if the
/// header is missing or empty.
pub(super) fn negotiate(headers: &HeaderMap, offered: &[Media]) -> Option<Media> {
    let wanted = || {
        let values = headers.get_all(header::ACCEPT).iter();
        values
            .flat_map(|value| value.to_str().unwrap_or_default().split(','))
            .filter(|text| !text.trim().is_empty())
    };
    if wanted().next().is_none() {
        return offered.first().copied();
    }
    let ranges: Vec<_> = wanted().filter_map(Range::parse).collect();
    let mut best: Option<(u16, Media)> = None;
    for media in offered {
        let quality = quality(&ranges, *media);
        if quality > best.map_or(0, |(quality, _)| quality) {
            best = Some((quality, *media));
        }
    }
    best.map(|(_, media)| media)
}

/// Returns true if the client accepts a media type by its name, and not only by a wildcard.
pub(super) fn names(headers: &HeaderMap, media: Media) -> bool {
    let values = headers.get_all(header::ACCEPT).iter();
    let ranges: Vec<_> = values
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .filter_map(Range::parse)
        .filter(|range| range.kind != "*")
        .collect();
    quality(&ranges, media) > 0
}

/// Returns the quality of a media type in thousandths, by the most specific range.
fn quality(ranges: &[Range<'_>], media: Media) -> u16 {
    let (kind, subtype) = media.parts();
    ranges
        .iter()
        .filter_map(|range| {
            let specific = match (range.kind, range.subtype) {
                (a, b) if a.eq_ignore_ascii_case(kind) && b.eq_ignore_ascii_case(subtype) => 2,
                (a, "*") if a.eq_ignore_ascii_case(kind) => 1,
                ("*", "*") => 0,
                _ => return None,
            };
            Some((specific, range.quality))
        })
        .max_by_key(|(specific, _)| *specific)
        .map_or(0, |(_, quality)| quality)
}

struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    quality: u16,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';');
        let (kind, subtype) = parts.next()?.trim().split_once('/')?;
        let mut quality = 1_000;
        for parameter in parts {
            let Some((name, value)) = parameter.split_once('=') else { continue };
            let value = value.trim().trim_matches('"');
            match name.trim() {
                name if name.eq_ignore_ascii_case("q") => quality = thousandths(value)?,
                // We write UTF-8 only.
                name if name.eq_ignore_ascii_case("charset") && !value.eq_ignore_ascii_case("utf-8") => {
                    return None;
                }
                _ => {}
            }
        }
        Some(Self { kind: kind.trim(), subtype: subtype.trim(), quality })
    }
}

/// Reads a quality value: `0.85` → 850.
fn thousandths(text: &str) -> Option<u16> {
    let quality: f32 = text.parse().ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked, and thousandths of 1 fit"
    )]
    (0.0..=1.0).contains(&quality).then(|| (quality * 1_000.0).round() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiated(accept: &str) -> Option<Media> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        negotiate(&headers, &[Media::GraphqlResponse, Media::Json])
    }

    #[test]
    fn a_client_names_what_it_accepts() {
        for (accept, named) in [
            ("application/json, text/event-stream", true),
            ("application/json, text/*;q=0.1", true),
            ("*/*", false),
            ("application/json", false),
            ("application/json, text/event-stream;q=0", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            assert_eq!(names(&headers, Media::EventStream), named, "{accept}");
        }
    }

    #[test]
    fn the_client_decides() {
        assert_eq!(negotiate(&HeaderMap::new(), &[Media::GraphqlResponse]), Some(Media::GraphqlResponse));
        assert_eq!(negotiated("*/*"), Some(Media::GraphqlResponse));
        assert_eq!(negotiated("application/*"), Some(Media::GraphqlResponse));
        assert_eq!(negotiated("application/json"), Some(Media::Json));
        assert_eq!(negotiated("Application/JSON; charset=UTF-8"), Some(Media::Json));
        assert_eq!(
            negotiated("application/graphql-response+json;q=0.2, application/json;q=0.9"),
            Some(Media::Json)
        );
        assert_eq!(negotiated("application/json;q=0, */*;q=0.1"), Some(Media::GraphqlResponse));
        assert_eq!(negotiated("text/html"), None);
        assert_eq!(negotiated("application/json; charset=latin1"), None);
        assert_eq!(negotiated("application/json;q=0"), None);
    }
}
