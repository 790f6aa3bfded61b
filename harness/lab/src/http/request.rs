//! Requests (RFC 9112), read from bytes that may be anything.

use httparse::{EMPTY_HEADER, Status};

/// The longest head of a request, in bytes.
const HEAD: usize = 8 * 1024;

/// The longest body of a request, in bytes.
const BODY: usize = 8 * 1024;

/// So many header fields at most.
const FIELDS: usize = 64;

/// As much as is kept of a connection before a request is whole.
pub(super) const MOST: usize = HEAD + BODY;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: String,
    /// The path, without host and query.
    pub(super) path: String,
    pub(super) range: Option<String>,
    pub(super) if_range: Option<String>,
    pub(super) if_none_match: Option<String>,
    /// The connection ends with the answer.
    pub(super) last: bool,
    pub(super) body: Vec<u8>,
}

/// What has come so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// Not all of it; the client may wait to be told to go on (RFC 9110 section 10.1.1).
    More { expects: bool },
    /// A request, and how many bytes it had.
    Whole(Box<Request>, usize),
    /// What is no request; the status to answer with.
    Wrong(u16),
}

impl Read {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self::parse(bytes).unwrap_or_else(Self::Wrong)
    }

    fn parse(bytes: &[u8]) -> Result<Self, u16> {
        let mut fields = [EMPTY_HEADER; FIELDS];
        let mut head = httparse::Request::new(&mut fields);
        let length = match head.parse(bytes) {
            Ok(Status::Complete(length)) if length <= HEAD => length,
            Ok(Status::Partial) if bytes.len() < HEAD => return Ok(Self::More { expects: false }),
            Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(431),
            Err(httparse::Error::Version) => return Err(505),
            Err(_) => return Err(400),
        };
        let old = head.version == Some(0);
        let fields = Fields(&head);
        // Two that differ are how requests are smuggled (RFC 9112 section 11.2).
        if fields.one("transfer-encoding")?.is_some() {
            return Err(501);
        }
        let host = fields.one("host")?;
        if host.is_none() && !old {
            return Err(400);
        }
        let body = match fields.one("content-length")? {
            Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().ok().filter(|length| *length <= BODY).ok_or(413_u16)?
            }
            Some(_) => return Err(400),
            None => 0,
        };
        let Some(body) = bytes.get(length..length + body) else {
            let expects = fields.has("expect", "100-continue");
            return Ok(Self::More { expects });
        };
        let request = Request {
            method: head.method.unwrap_or_default().to_owned(),
            path: path(head.path.unwrap_or_default()).to_owned(),
            range: fields.one("range")?.map(str::to_owned),
            if_range: fields.one("if-range")?.map(str::to_owned),
            if_none_match: fields.one("if-none-match")?.map(str::to_owned),
            last: fields.has("connection", "close") || (old && !fields.has("connection", "keep-alive")),
            body: body.to_vec(),
        };
        let whole = length + body.len();
        Ok(Self::Whole(Box::new(request), whole))
    }
}

struct Fields<'a>(&'a httparse::Request<'a, 'a>);

impl Fields<'_> {
    fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.0
            .headers
            .iter()
            .filter(move |field| field.name.eq_ignore_ascii_case(name))
            .map(|field| field.value)
    }

    /// The field of that name; it is an error to have it twice, or in bytes that are no text.
    fn one(&self, name: &str) -> Result<Option<&str>, u16> {
        let mut all = self.all(name);
        match (all.next(), all.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => str::from_utf8(value).map(Some).map_err(|_| 400),
            _ => Err(400),
        }
    }

    /// Whether a list has a word in it.
    fn has(&self, name: &str, word: &str) -> bool {
        let words = |value: &[u8]| {
            value
                .split(|byte| *byte == b',')
                .any(|one| one.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
        };
        self.all(name).any(words)
    }
}

/// The path of a request's target: of `/path?query` or `http://host/path` (RFC 9112 section 3.2).
fn path(target: &str) -> &str {
    let at = match target.split_once("://") {
        Some((_, rest)) if !target.starts_with('/') => rest.find('/').map_or("/", |slash| &rest[slash..]),
        _ => target,
    };
    at.split(['?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(text: &str) -> Request {
        match Read::of(text.as_bytes()) {
            Read::Whole(request, length) => {
                assert_eq!(length, text.len());
                *request
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_request_has_its_parts() {
        let request = whole(
            "POST http://api.test/token?x=1 HTTP/1.1\r\nHost: api.test\r\nRANGE: bytes=0-\r\nConnection: te, Close\r\nContent-Length: 2\r\n\r\n{}",
        );
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/token"));
        assert_eq!(request.range.as_deref(), Some("bytes=0-"));
        assert_eq!((request.last, request.body), (true, b"{}".to_vec()));
        assert!(whole("GET / HTTP/1.0\r\n\r\n").last);
        assert!(!whole("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").last);
    }

    #[test]
    fn what_is_wrong_has_its_status() {
        for (text, status) in [
            ("\x16\x03\x01\x02\x00", 400),
            ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n", 413),
            ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n", 413),
            ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
        ] {
            assert_eq!(Read::of(text.as_bytes()), Read::Wrong(status), "{text}");
        }
        let long = format!("GET /{} HTTP/1.1\r\n", "a".repeat(HEAD));
        assert_eq!(Read::of(long.as_bytes()), Read::Wrong(431));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(65));
        assert_eq!(Read::of(many.as_bytes()), Read::Wrong(431));
    }

    #[test]
    fn a_client_that_waits_is_seen() {
        let head = "POST /token HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
        assert_eq!(Read::of(head.as_bytes()), Read::More { expects: true });
        assert_eq!(Read::of(&head.as_bytes()[..20]), Read::More { expects: false });
    }

    proptest! {
        #[test]
        fn anything_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400), line in "(GET|POST) \\PC{0,30} HTTP/1.[01]\r\n(\\PC{0,20}: \\PC{0,20}\r\n){0,4}\r\n") {
            for bytes in [bytes, line.into_bytes()] {
                if let Read::Whole(_, length) = Read::of(&bytes) {
                    prop_assert!(length <= bytes.len());
                }
            }
        }
    }
}
