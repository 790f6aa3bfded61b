//! Numbered records of a device: telemetry that it counts, so that what is missing can be told.

use super::decimal::Decimal;
use super::{Timeline, quoted};
use crate::event::EventNo;
use crate::language::decode::Shape;
use crate::language::scalar::scalar;
use crate::language::{Decode, Diagnostics, Node, Value};
use crate::names::Signal;
use crate::time::Instant;
use crate::verdict::Finding;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;

/// The signal by which a board file says that its device sends a record.
pub(super) const TELEMETRY: &str = "telemetry";

/// The group that holds the number of a record.
pub(crate) const SEQUENCE: &str = "seq";

/// One record as it arrived.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    /// Its number.
    pub(super) seq: u64,
    /// When it arrived.
    pub(super) at: Instant,
    /// The event.
    pub(super) event: EventNo,
    /// Its place on the timeline.
    pub(super) place: usize,
    /// What else is in it.
    pub(super) fields: &'a BTreeMap<String, String>,
}

/// The records of a signal, in the order in which they arrived.
///
/// # Errors
/// One has no number: nothing can be told of them.
pub(super) fn records<'a>(
    signal: &Signal,
    timeline: &Timeline<'a>,
    places: Range<usize>,
) -> Result<Vec<Record<'a>>, Finding> {
    timeline
        .signals(signal, places)
        .map(|seen| {
            let text = seen.fields.get(SEQUENCE).map_or("", String::as_str);
            let (event, at) = (seen.event.n, seen.event.at);
            match text.parse() {
                Ok(seq) => Ok(Record { seq, at, event, place: seen.place, fields: seen.fields }),
                Err(_) => Err(Finding::inconclusive(format!(
                    "`{signal}` at {at} has no sequence number: {}",
                    quoted(text)
                ))
                .showing([event])),
            }
        })
        .collect()
}

impl Record<'_> {
    /// The device's own time of it, in microseconds since 1970; `None` where it did not know the time yet.
    pub(super) fn own_time(&self, field: &str) -> Option<i128> {
        let time = self.fields.get(field).and_then(|text| Decimal::parse(text)?.millionths())?;
        (time >= KNOWN_FROM).then_some(time)
    }

    /// When it arrived, in microseconds since the run began.
    pub(super) fn arrived(&self) -> i128 {
        i128::from(self.at.0 / 1_000)
    }
}

/// A device that believes it is before 2001 does not know the time: 10^9 seconds after 1970, in microseconds.
const KNOWN_FROM: i128 = 1_000_000_000_000_000;

/// How many at most: a number, or `{at_most: 1}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AtMost(pub u64);

crate::record! {
    /// How many at most.
    pub struct AtMostShape {
        /// The most there may be.
        at_most: u64 = "at_most",
    }
}

impl Decode for AtMost {
    fn shape() -> Shape {
        Shape::Either(Box::new(Shape::Whole), Box::new(AtMostShape::shape()))
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        if let Value::Map(_) = &node.value {
            return AtMostShape::decode(node, out).map(|shape| Self(shape.at_most));
        }
        scalar(node, "a number, or `{at_most: …}`", out)?;
        u64::decode(node, out).map(Self)
    }
}
