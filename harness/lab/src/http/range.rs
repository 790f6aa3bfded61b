//! Ranges of bytes (RFC 9110 section 14).

use core::ops::Range;

/// What a `Range` asks of something of a length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The whole: it is no range of bytes, or several, which a server may answer with the whole.
    Whole,
    /// This part of it.
    Part(Range<usize>),
    /// A part that it has not.
    Beyond,
}

/// Reads a `Range`.
pub(super) fn wanted(text: &str, length: usize) -> Wanted {
    let spec = match text.split_once('=') {
        Some((unit, spec)) if unit.trim().eq_ignore_ascii_case("bytes") => spec.trim(),
        _ => return Wanted::Whole,
    };
    let Some((first, last)) = spec.split_once('-') else { return Wanted::Whole };
    let number = |text: &str| match text {
        "" => Some(None),
        // One that does not fit is beyond everything.
        _ if text.bytes().all(|byte| byte.is_ascii_digit()) => Some(Some(text.parse().unwrap_or(usize::MAX))),
        _ => None,
    };
    let (Some(first), Some(last)) = (number(first), number(last)) else { return Wanted::Whole };
    let part = match (first, last) {
        (Some(first), Some(last)) if first > last => return Wanted::Whole,
        (Some(first), last) => first..last.map_or(length, |last: usize| last.saturating_add(1).min(length)),
        (None, Some(last)) => length.saturating_sub(last)..length,
        (None, None) => return Wanted::Whole,
    };
    if part.is_empty() { Wanted::Beyond } else { Wanted::Part(part) }
}

/// The same number of bytes, but so many earlier; later, where there is nothing earlier. The same range if it is the
/// whole.
pub(super) fn shifted(part: &Range<usize>, by: usize, length: usize) -> Range<usize> {
    let size = part.len();
    if part.start > 0 {
        let start = part.start.saturating_sub(by);
        start..start + size
    } else {
        let start = by.min(length - size);
        start..start + size
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_the_rfc() {
        let all = 10_000;
        for (text, expected) in [
            ("bytes=0-499", Wanted::Part(0..500)),
            ("bytes=500-999", Wanted::Part(500..1000)),
            ("bytes=-500", Wanted::Part(9500..10_000)),
            ("bytes=9500-", Wanted::Part(9500..10_000)),
            ("Bytes=9999-99999999999999999999999", Wanted::Part(9999..10_000)),
            ("bytes=-99999", Wanted::Part(0..10_000)),
            ("bytes=10000-", Wanted::Beyond),
            ("bytes=-0", Wanted::Beyond),
            ("bytes=5-4", Wanted::Whole),
            ("bytes=0-0,-1", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("seconds=1-2", Wanted::Whole),
            ("", Wanted::Whole),
        ] {
            assert_eq!(wanted(text, all), expected, "{text}");
        }
        assert_eq!(wanted("bytes=0-", 0), Wanted::Beyond);
    }

    proptest! {
        #[test]
        fn a_part_is_always_within(text in "bytes=[0-9]{0,22}-[0-9]{0,22}", length in 0..5000_usize, by in 1..9000_usize) {
            if let Wanted::Part(part) = wanted(&text, length) {
                prop_assert!(part.start < part.end && part.end <= length);
                let other = shifted(&part, by, length);
                prop_assert!(other.end <= length);
                prop_assert_eq!(other.len(), part.len());
                prop_assert_eq!(other == part, part == (0..length));
            }
        }
    }
}
