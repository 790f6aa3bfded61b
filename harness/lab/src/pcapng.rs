//! A capture of frames with comments, in the pcapng format (draft-ietf-opsawg-pcapng), which Wireshark reads.
//!
//! One section, one Ethernet interface, times in nanoseconds. Bytes are taken out with [`Capture::take`]; nothing is
//! written here.

use brownout_core::time::{Duration, Instant};

/// Captures grow to so many bytes where nothing else is said: 64 MiB.
pub const LARGEST: u64 = 64 << 20;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;

/// What tells the byte order of a section.
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// Link type Ethernet.
const ETHERNET: u16 = 1;

const COMMENT: u16 = 1;
const IF_NAME: u16 = 2;
const USER_APPLICATION: u16 = 4;
const TIMESTAMP_RESOLUTION: u16 = 9;
const PACKET_FLAGS: u16 = 2;

/// Which side of the recorded interface a frame is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It came to the interface.
    Received,
    /// The interface sent it.
    Sent,
}

/// A capture that grows in memory until its bytes are taken, and ends where it has become too long.
#[derive(Clone, Debug)]
pub struct Capture {
    epoch: Duration,
    most: u64,
    written: u64,
    bytes: Vec<u8>,
    full: bool,
}

impl Capture {
    /// An empty capture of the interface of that name. `epoch` is the wall-clock time of [`Instant::ZERO`] since 1970,
    /// `most` the bytes it may grow to, at least [`Self::SMALLEST`].
    pub fn new(interface: &str, epoch: Duration, most: u64) -> Self {
        let mut capture =
            Self { epoch, most: most.max(Self::SMALLEST), written: 0, bytes: Vec::new(), full: false };
        capture.block(SECTION_HEADER, |body| {
            body.extend(BYTE_ORDER.to_le_bytes());
            body.extend(1_u16.to_le_bytes());
            body.extend(0_u16.to_le_bytes());
            body.extend(u64::MAX.to_le_bytes());
            option(body, USER_APPLICATION, b"brownout");
            end_of_options(body);
        });
        capture.block(INTERFACE_DESCRIPTION, |body| {
            body.extend(ETHERNET.to_le_bytes());
            body.extend(0_u16.to_le_bytes());
            // Frames are recorded whole.
            body.extend(0_u32.to_le_bytes());
            option(body, IF_NAME, interface.as_bytes());
            option(body, TIMESTAMP_RESOLUTION, &[9]);
            end_of_options(body);
        });
        capture
    }

    /// The least that a capture may grow to: room for its headers, and for the frame that says that it ends.
    pub const SMALLEST: u64 = 4096;

    /// Records a frame. An empty comment is none. When it does not fit any more, a last, empty packet says so, and
    /// nothing more is recorded.
    pub fn packet(&mut self, at: Instant, side: Side, frame: &[u8], comment: &str) {
        if self.full {
            return;
        }
        // Headers, padding and options of a packet have less than 64 bytes; so has the one that says that it ends.
        let longest = 64 + frame.len() as u64 + comment.len() as u64;
        if self.written + longest + ENDS.len() as u64 + 128 > self.most {
            self.full = true;
            return self.enhanced(at, side, &[], ENDS);
        }
        self.enhanced(at, side, frame, comment);
    }

    /// Takes what was recorded since it was last taken.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// Bytes that wait to be taken.
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether no bytes wait to be taken.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether it has ended because it became too long.
    pub const fn is_full(&self) -> bool {
        self.full
    }

    fn enhanced(&mut self, at: Instant, side: Side, frame: &[u8], comment: &str) {
        let nanos = self.epoch.0.saturating_add(at.0);
        let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
        self.block(ENHANCED_PACKET, |body| {
            body.extend(0_u32.to_le_bytes());
            body.extend(((nanos >> 32) as u32).to_le_bytes());
            body.extend((nanos as u32).to_le_bytes());
            body.extend(length.to_le_bytes());
            body.extend(length.to_le_bytes());
            padded(body, frame);
            // Bits 0 and 1 of the flags: inbound or outbound.
            let flags: u32 = match side {
                Side::Received => 0b01,
                Side::Sent => 0b10,
            };
            option(body, PACKET_FLAGS, &flags.to_le_bytes());
            if !comment.is_empty() {
                option(body, COMMENT, comment.as_bytes());
            }
            end_of_options(body);
        });
    }

    /// A block: its type, its length, what is in it, and its length again.
    fn block(&mut self, kind: u32, body: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        self.bytes.extend(kind.to_le_bytes());
        self.bytes.extend([0; 4]);
        body(&mut self.bytes);
        let length = self.bytes.len() - start + 4;
        let length_field = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
        if let Some(field) = self.bytes.get_mut(start + 4..start + 8) {
            field.copy_from_slice(&length_field);
        }
        self.bytes.extend(length_field);
        self.written += length as u64;
    }
}

/// What the last packet of a capture says that became too long.
const ENDS: &str = "the capture ends here: it has become as long as it may";

/// Appends bytes, filled up to a multiple of four.
fn padded(body: &mut Vec<u8>, bytes: &[u8]) {
    body.extend(bytes);
    body.extend(&[0; 3][..bytes.len().wrapping_neg() % 4]);
}

/// Appends an option; its value is cut off where the format ends.
fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    body.extend(code.to_le_bytes());
    body.extend(length.to_le_bytes());
    padded(body, value.get(..usize::from(length)).unwrap_or(value));
}

fn end_of_options(body: &mut Vec<u8>) {
    body.extend([0; 4]);
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A packet of a capture, read again.
    #[derive(Debug, PartialEq, Eq)]
    pub(crate) struct Read {
        pub(crate) nanos: u64,
        pub(crate) sent: bool,
        pub(crate) frame: Vec<u8>,
        pub(crate) comment: String,
    }

    fn word(bytes: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
    }

    fn options(mut bytes: &[u8]) -> Vec<(u16, &[u8])> {
        let mut options = Vec::new();
        loop {
            let (code, length) = (word(bytes, 0) as u16, (word(bytes, 0) >> 16) as usize);
            if code == 0 {
                assert_eq!((length, bytes.len()), (0, 4), "the end of options ends the block");
                return options;
            }
            options.push((code, &bytes[4..4 + length]));
            bytes = &bytes[4 + length.next_multiple_of(4)..];
        }
    }

    /// Reads a capture, block by block.
    pub(crate) fn read(mut bytes: &[u8]) -> Vec<Read> {
        let mut packets = Vec::new();
        let mut blocks = Vec::new();
        while !bytes.is_empty() {
            let (kind, length) = (word(bytes, 0), word(bytes, 4) as usize);
            assert_eq!(length % 4, 0);
            assert_eq!(word(bytes, length - 4) as usize, length);
            let body = &bytes[8..length - 4];
            blocks.push(kind);
            match kind {
                SECTION_HEADER => {
                    assert_eq!(word(body, 0), BYTE_ORDER);
                    assert_eq!(options(&body[16..]), [(4, &b"brownout"[..])]);
                }
                INTERFACE_DESCRIPTION => {
                    assert_eq!(word(body, 0), 1);
                    assert_eq!(options(&body[8..])[1], (9, &[9][..]));
                }
                ENHANCED_PACKET => {
                    let length = word(body, 12) as usize;
                    assert_eq!(word(body, 16) as usize, length);
                    let options = options(&body[20 + length.next_multiple_of(4)..]);
                    let comment = options.iter().find(|(code, _)| *code == 1).map(|(_, text)| text.to_vec());
                    packets.push(Read {
                        nanos: u64::from(word(body, 4)) << 32 | u64::from(word(body, 8)),
                        sent: options[0] == (2, &[2, 0, 0, 0]),
                        frame: body[20..20 + length].to_vec(),
                        comment: String::from_utf8(comment.unwrap_or_default()).unwrap(),
                    });
                }
                other => panic!("block {other:#x}"),
            }
            bytes = &bytes[length..];
        }
        assert_eq!(blocks[..2], [SECTION_HEADER, INTERFACE_DESCRIPTION]);
        packets
    }

    #[test]
    fn what_is_written_reads_back() {
        let epoch = Duration::from_secs(1_800_000_000);
        let mut capture = Capture::new("dut", epoch, LARGEST);
        let mut wanted = Vec::new();
        for length in 0..9 {
            let (at, sent) = (Instant(length as u64 * 1_000_000_007), length % 2 == 0);
            let (frame, comment) = (vec![length as u8; length], "ä".repeat(length / 2));
            let side = if sent { Side::Sent } else { Side::Received };
            capture.packet(at, side, &frame, &comment);
            wanted.push(Read { nanos: epoch.0 + at.0, sent, frame, comment });
        }
        assert_eq!(read(&capture.take()), wanted);
        assert!(capture.is_empty() && !capture.is_full());
    }

    #[test]
    fn a_capture_ends_where_it_is_too_long_and_says_so() {
        let mut capture = Capture::new("dut", Duration::ZERO, 10_000);
        let mut bytes = Vec::new();
        for at in 0..100 {
            capture.packet(Instant(at), Side::Sent, &[0; 1000], "dropped by loss");
            bytes.extend(capture.take());
        }
        assert!(capture.is_full());
        assert!(bytes.len() <= 10_000 && bytes.len() > 8_000, "{}", bytes.len());
        let packets = read(&bytes);
        assert_eq!(packets.last().map(|last| last.comment.as_str()), Some(ENDS));
        assert!(packets.iter().rev().skip(1).all(|packet| packet.frame.len() == 1000));
    }
}
