//! Actions performed one after the other.

use super::context::Cx;
use crate::action::{Action, ActionId};
use crate::event::{Event, What};
use std::collections::VecDeque;

/// Actions still to be performed.
#[derive(Debug)]
pub(super) struct Actions {
    left: VecDeque<Action>,
    waiting: Option<ActionId>,
    /// Goes on with the next after one failed.
    stubborn: bool,
}

impl Actions {
    /// Actions of which the first that fails ends the rest.
    pub(super) fn new(left: impl IntoIterator<Item = Action>) -> Self {
        Self { left: left.into_iter().collect(), waiting: None, stubborn: false }
    }

    /// Actions that are all tried, whatever becomes of the others.
    pub(super) fn stubborn(left: impl IntoIterator<Item = Action>) -> Self {
        Self { stubborn: true, ..Self::new(left) }
    }

    pub(super) fn see(&mut self, event: &Event) {
        match event.what {
            What::Acted { id, .. } if self.waiting == Some(id) => self.waiting = None,
            What::ActionFailed { id, .. } if self.waiting == Some(id) && self.stubborn => self.waiting = None,
            _ => {}
        }
    }

    /// Whether none of them is under way.
    pub(super) const fn is_idle(&self) -> bool {
        self.waiting.is_none()
    }

    /// Hands out the next action if none is under way; true when all are done.
    pub(super) fn poll(&mut self, cx: &mut Cx) -> bool {
        if self.waiting.is_none() {
            match self.left.pop_front() {
                Some(action) => self.waiting = Some(cx.act(action)),
                None => return true,
            }
        }
        false
    }
}
