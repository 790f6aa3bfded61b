//! From console bytes to lines.

use brownout_core::time::Instant;

/// A line longer than this is cut; a device that never ends a line must not fill our memory. In bytes.
const LONGEST: usize = 4096;

/// A line that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// When its end was received.
    pub(crate) at: Instant,
    /// Its text without the line end; bytes that are not UTF-8 become U+FFFD.
    pub(crate) text: String,
    /// Where it begins in the console artifact.
    pub(crate) offset: u64,
}

/// Gathers bytes into lines.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    partial: Vec<u8>,
    received: u64,
}

impl Lines {
    /// Takes bytes that came at one instant; calls back for each line that they end.
    pub(crate) fn push(&mut self, at: Instant, bytes: &[u8], mut each: impl FnMut(Line)) {
        for &byte in bytes {
            self.received += 1;
            if byte == b'\n' {
                if let Some(line) = self.flush(at, 1) {
                    each(line);
                }
            } else {
                self.partial.push(byte);
                if self.partial.len() >= LONGEST
                    && let Some(line) = self.flush(at, 0)
                {
                    each(line);
                }
            }
        }
    }

    /// Ends a line that was begun: the device was cut short, or the run is over.
    pub(crate) fn end(&mut self, at: Instant) -> Option<Line> {
        self.flush(at, 0)
    }

    fn flush(&mut self, at: Instant, end_length: u64) -> Option<Line> {
        let begin = self.received - end_length - self.partial.len() as u64;
        while self.partial.last() == Some(&b'\r') {
            self.partial.pop();
        }
        let leading = self.partial.iter().take_while(|b| **b == b'\r').count();
        let text = String::from_utf8_lossy(&self.partial[leading..]).into_owned();
        self.partial.clear();
        (!text.is_empty()).then_some(Line { at, text, offset: begin + leading as u64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(chunks: &[&[u8]]) -> Vec<(String, u64)> {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for chunk in chunks {
            lines.push(Instant(7), chunk, |line| found.push((line.text, line.offset)));
        }
        found.extend(lines.end(Instant(9)).map(|line| (line.text, line.offset)));
        found
    }

    #[test]
    fn lines_know_where_they_begin_however_the_bytes_came() {
        let whole: &[u8] = b"boot\r\n\r\napp: ready\ncut of";
        let expected = vec![("boot".to_owned(), 0), ("app: ready".to_owned(), 8), ("cut of".to_owned(), 19)];
        assert_eq!(lines(&[whole]), expected);
        let bytes: Vec<&[u8]> = whole.chunks(1).collect();
        assert_eq!(lines(&bytes), expected);
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let flood = vec![b'x'; 3 * LONGEST];
        assert_eq!(lines(&[&flood]).iter().map(|(_, offset)| *offset).collect::<Vec<_>>(), [0, 4096, 8192]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn chunks_do_not_matter_and_lines_are_where_they_say(
            bytes in prop::collection::vec(prop_oneof![
                2 => Just(b'\n'), 2 => Just(b'\r'), 4 => any::<u8>(), 8 => b'a'..=b'z',
            ], 0..200),
            long in prop::option::of(0..3 * LONGEST),
            sizes in prop::collection::vec(1_usize..50, 1..20),
        ) {
            let mut bytes = bytes;
            bytes.extend(std::iter::repeat_n(b'x', long.unwrap_or(0)));
            let mut chunks = Vec::new();
            let mut rest = bytes.as_slice();
            for size in sizes.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (chunk, after) = rest.split_at((*size).min(rest.len()));
                chunks.push(chunk);
                rest = after;
            }
            let found = lines(&chunks);
            prop_assert_eq!(&found, &lines(&[&bytes]));
            let mut end = 0;
            for (text, offset) in &found {
                prop_assert!(*offset >= end && !text.is_empty() && !text.contains('\n'));
                let from = &bytes[usize::try_from(*offset).unwrap()..];
                prop_assert!(!matches!(from[0], b'\r' | b'\n'));
                if text.is_ascii() {
                    prop_assert!(from.starts_with(text.as_bytes()));
                    end = *offset + text.len() as u64;
                } else {
                    end = *offset + 1;
                }
            }
        }
    }
}
