//! Actions performed one after the other.

use super::context::Cx;
use crate::action::{Action, ActionId};
use crate::event::{Event, What};
use crate::fault::Move;
use crate::time::Instant;
use std::collections::VecDeque;

/// Actions still to be performed.
#[derive(Debug)]
pub(super) struct Actions {
    left: VecDeque<Move>,
    waiting: Option<ActionId>,
    pausing: Option<Instant>,
    /// Goes on with the next after one failed.
    stubborn: bool,
}

impl Actions {
    /// Actions of which the first that fails ends the rest.
    pub(super) fn new<M: Into<Move>>(left: impl IntoIterator<Item = M>) -> Self {
        let left = left.into_iter().map(Into::into).collect();
        Self { left, waiting: None, pausing: None, stubborn: false }
    }

    /// Actions that are all tried, whatever becomes of the others.
    pub(super) fn stubborn(left: impl IntoIterator<Item = Action>) -> Self {
        Self { stubborn: true, ..Self::new(left) }
    }

    /// Looks at an event; whether it says that one of them is done.
    pub(super) fn see(&mut self, event: &Event) -> bool {
        match event.what {
            What::Acted { id, .. } if self.waiting == Some(id) => {
                self.waiting = None;
                true
            }
            What::ActionFailed { id, .. } if self.waiting == Some(id) && self.stubborn => {
                self.waiting = None;
                false
            }
            _ => false,
        }
    }

    /// Whether none of them is under way.
    pub(super) const fn is_idle(&self) -> bool {
        self.waiting.is_none()
    }

    /// Hands out the next action if none is under way; true when all are done.
    pub(super) fn poll(&mut self, cx: &mut Cx) -> bool {
        if self.waiting.is_some() {
            return false;
        }
        if let Some(until) = self.pausing {
            if cx.now < until {
                return false;
            }
            self.pausing = None;
        }
        match self.left.pop_front() {
            Some(Move::Do(action)) => self.waiting = Some(cx.act(action)),
            Some(Move::Pause(time)) => self.pausing = Some(cx.now + time),
            None => return true,
        }
        false
    }

    /// When it wants to go on by itself.
    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.pausing
    }
}
