//! Between the broker and the wire: what becomes of packets that leave.

use super::fault::{InForce, late, malformed, twice, withheld, wrong_id};
use super::frame::Frame;
use crate::faults::Faults;
use crate::service::{Seen, StreamOut};
use brownout_core::network::{BrokerPacket, Conn, Traffic};
use brownout_core::time::Instant;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What stands between the broker and the wire.
#[derive(Debug, Default)]
pub(super) struct Framer {
    /// Packets that are sent late, by when and in the order in which they came.
    held: BTreeMap<(Instant, u64), (Conn, Frame)>,
    /// Counts the packets that came.
    count: u64,
    /// Connections on which nothing can follow: the client is in the middle of a packet, or was never let in.
    mute: BTreeSet<Conn>,
}

/// The most packets that are held; behind that the oldest leave early.
const HELD: usize = 10_000;

impl Framer {
    /// Sends a packet, or what the faults in force make of it.
    pub(super) fn pass(
        &mut self,
        now: Instant,
        conn: Conn,
        frame: Frame,
        faults: &mut Faults<InForce>,
        out: &mut VecDeque<StreamOut>,
    ) {
        if self.mute.contains(&conn) {
            return;
        }
        self.count += 1;
        if faults.is_empty() && self.held.is_empty() {
            return leave(conn, frame, out);
        }
        let mut met = |found: Option<Seen>| out.extend(found.map(StreamOut::Seen));
        if let Some(((), seen)) = faults.meet(|fault| withheld(fault, &frame)) {
            met(seen);
            // Nothing comes from a broker that never lets in.
            if frame.kind == BrokerPacket::Connack {
                self.mute.insert(conn);
            }
            return;
        }
        let mut frames = vec![frame];
        for frame in &mut frames {
            if let Some((wrong, seen)) = faults.meet(|fault| wrong_id(fault, frame)) {
                met(seen);
                *frame = wrong;
            }
            if let Some((wrong, seen)) = faults.meet(|fault| malformed(fault, frame, self.count)) {
                met(seen);
                *frame = wrong;
            }
        }
        if let Some(((), seen)) = frames.first().and_then(|frame| faults.meet(|fault| twice(fault, frame))) {
            met(seen);
            frames.extend(frames.first().cloned());
        }
        let due = match frames.first().and_then(|frame| faults.meet(|fault| late(fault, frame))) {
            Some((by, seen)) => {
                met(seen);
                Some(now + by)
            }
            None => None,
        };
        // Nothing comes before the packet that lets in.
        let behind = self
            .held
            .iter()
            .filter(|(_, (of, held))| *of == conn && held.kind == BrokerPacket::Connack)
            .map(|((due, _), _)| *due)
            .max();
        for frame in frames {
            match due.max(behind) {
                Some(due) => self.hold(due, conn, frame),
                None => leave(conn, frame, out),
            }
        }
    }

    /// Sends a packet as it is, behind which nothing can follow.
    pub(super) fn last(&mut self, conn: Conn, frame: Frame, out: &mut VecDeque<StreamOut>) {
        if self.mute.insert(conn) {
            leave(conn, frame, out);
        }
    }

    /// Sends a packet as it is.
    pub(super) fn plain(&mut self, conn: Conn, frame: Frame, out: &mut VecDeque<StreamOut>) {
        if !self.mute.contains(&conn) {
            leave(conn, frame, out);
        }
    }

    fn hold(&mut self, due: Instant, conn: Conn, frame: Frame) {
        self.count += 1;
        let due = if self.held.len() < HELD { due } else { Instant::ZERO };
        self.held.insert((due, self.count), (conn, frame));
    }

    /// Sends what is due.
    pub(super) fn release(&mut self, now: Instant, out: &mut VecDeque<StreamOut>) {
        while let Some(first) = self.held.first_entry() {
            if first.key().0 > now {
                return;
            }
            let (conn, frame) = first.remove();
            leave(conn, frame, out);
        }
    }

    /// A connection is no more.
    pub(super) fn forget(&mut self, conn: Conn) {
        self.held.retain(|_, (of, _)| *of != conn);
        self.mute.remove(&conn);
    }

    /// When something is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.held.keys().next().map(|(due, _)| *due)
    }
}

fn leave(conn: Conn, frame: Frame, out: &mut VecDeque<StreamOut>) {
    out.push_back(StreamOut::Send { conn, bytes: frame.bytes });
    out.push_back(StreamOut::Seen(Seen::Traffic(Traffic::Mqtt(frame.seen))));
}
