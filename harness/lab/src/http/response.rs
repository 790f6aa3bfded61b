//! Answers (RFC 9112).

use core::ops::Range;
use std::fmt::Write;
use std::sync::Arc;

const DAY: i64 = 86_400;

/// An answer before it meets what goes wrong on its way.
#[derive(Clone, Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) body: Arc<[u8]>,
    /// The part of the body that is sent.
    pub(super) part: Range<usize>,
    /// It says how long the body is, but sends none (HEAD), or has none (204, 304).
    pub(super) bare: bool,
}

impl Response {
    /// An answer with a body of JSON.
    pub(super) fn json(status: u16, body: &serde_json::Value) -> Self {
        let body: Arc<[u8]> = body.to_string().into_bytes().into();
        let (part, bare) = (0..body.len(), matches!(status, 204 | 304));
        let fields = vec![("Content-Type", "application/json".to_owned())];
        Self { status, fields, body, part, bare }
    }

    /// An error, which a body names for people.
    pub(super) fn error(status: u16) -> Self {
        let error = match reason(status) {
            "" => "error",
            reason => reason,
        };
        Self::json(status, &serde_json::json!({"error": error}))
    }

    /// With one more header field.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// How many bytes of body are sent.
    pub(super) fn length(&self) -> usize {
        if self.bare { 0 } else { self.part.len() }
    }

    /// All before the body. `length` is what it says of that, right or wrong.
    pub(super) fn head(&self, unix: i64, length: usize, last: bool) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        let mut field = |name: &str, value: &str| {
            // A String takes whatever is written to it.
            let _ = write!(head, "{name}: {value}\r\n");
        };
        field("Date", &date(unix));
        if !matches!(self.status, 204 | 304) {
            field("Content-Length", &length.to_string());
        }
        for (name, value) in &self.fields {
            field(name, value);
        }
        if last {
            field("Connection", "close");
        }
        head.push_str("\r\n");
        head.into_bytes()
    }
}

/// The usual words for a status (RFC 9110 section 15).
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        206 => "Partial Content",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}

/// A date as HTTP has it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7).
pub(super) fn date(unix: i64) -> String {
    const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb"];
    let (days, second) = (unix.div_euclid(DAY), unix.rem_euclid(DAY));
    let weekday = WEEKDAYS.get(days.rem_euclid(7) as usize).copied().unwrap_or_default();
    // Years that begin in March, in eras of 400 of them (Hinnant: chrono-compatible low-level date algorithms).
    let since = days + 719_468;
    let (era, of_era) = (since.div_euclid(146_097), since.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year_of_era + i64::from(month >= 10);
    let month = MONTHS.get(month as usize).copied().unwrap_or_default();
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (unix, expected) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_795_248_000, "Sat, 21 Nov 2026 08:00:00 GMT"),
            (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        ] {
            assert_eq!(date(unix), expected);
        }
    }
}
