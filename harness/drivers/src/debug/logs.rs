//! The firmware's log: defmt frames, or plain text, out of an RTT channel.

use defmt_decoder::{DecodeError, Table};

/// A text that never ends its line is cut here, in bytes.
const LONGEST: usize = 4096;

/// A log message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) level: Option<String>,
    pub(crate) text: String,
}

/// Takes the bytes of a channel and gives messages. Bytes that are no frame are skipped: the device may be mad.
pub(crate) fn decode(table: Option<&Table>, bytes: &mut Vec<u8>, mut each: impl FnMut(Message)) {
    let Some(table) = table else { return decode_text(bytes, each) };
    // The decoder borrows the table; frames end with a zero byte (rzCOBS), so whole frames can be taken out.
    let Some(last) = bytes.iter().rposition(|b| *b == 0) else {
        if bytes.len() > LONGEST {
            bytes.clear();
        }
        return;
    };
    let frames: Vec<u8> = bytes.drain(..=last).collect();
    let mut decoder = table.new_stream_decoder();
    decoder.received(&frames);
    // Each turn uses up a frame, so their number bounds the turns.
    for _ in frames.iter().filter(|b| **b == 0) {
        match decoder.decode() {
            Ok(frame) => each(Message {
                level: frame.level().map(|level| level.as_str().to_owned()),
                text: frame.display_message().to_string(),
            }),
            Err(DecodeError::UnexpectedEof) => return,
            Err(DecodeError::Malformed) => {}
        }
    }
}

fn decode_text(bytes: &mut Vec<u8>, mut each: impl FnMut(Message)) {
    while let Some(end) =
        bytes.iter().position(|b| *b == b'\n').or((bytes.len() > LONGEST).then_some(LONGEST))
    {
        let line: Vec<u8> = bytes.drain(..=end).collect();
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        if !text.is_empty() {
            each(Message { level: None, text });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_out_line_by_line() {
        let mut bytes = b"one\r\ntwo\nthr".to_vec();
        let mut found = Vec::new();
        decode(None, &mut bytes, |message| found.push(message.text));
        assert_eq!(found, ["one", "two"]);
        assert_eq!(bytes, b"thr");
    }
}
