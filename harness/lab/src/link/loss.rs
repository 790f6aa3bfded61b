//! Which frames are lost: each for itself, or by a chain of states (tc-netem(8), "loss").

use super::discipline::hit;
use brownout_core::chance::Chance;
use brownout_core::network::Loss;
use brownout_core::quantity::Share;

/// States of the chains. Gilbert and Elliott have only [`Self::Good`] and [`Self::Bad`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Received, in a good period: netem's 1.
    #[default]
    Good,
    /// Received, within a burst: 2.
    Lull,
    /// Lost, within a burst: 3.
    Bad,
    /// Lost, alone in a good period: 4.
    Alone,
}

/// A loss model, and where it stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    loss: Option<Loss>,
    state: State,
}

impl Model {
    /// Sets the model. Another one than before begins in a good period.
    pub(super) fn set(&mut self, loss: Option<Loss>) {
        if loss != self.loss {
            *self = Self { loss, state: State::Good };
        }
    }

    /// Whether the next frame is lost.
    pub(super) fn loses(&mut self, chance: &mut Chance) -> bool {
        match self.loss {
            None => false,
            Some(Loss::Random(share)) => hit(chance, share),
            // The state before the step says how likely it is lost; the step is for the next frame.
            Some(Loss::GilbertElliott { p, r, bad, good }) => {
                let (other, leave, lost) = match self.state {
                    State::Bad => (State::Good, r, bad),
                    _ => (State::Bad, p, good),
                };
                if hit(chance, leave) {
                    self.state = other;
                }
                hit(chance, lost)
            }
            // Here it is the state after the step.
            Some(Loss::FourState { p13, p31, p23, p32, p14 }) => {
                let first = |chance: &mut Chance, one: (Share, State), two: (Share, State), stay: State| {
                    let number = chance.below(1_000_000);
                    let (one_at, two_at) = (one.0.0.unsigned_abs(), two.0.0.unsigned_abs());
                    match number {
                        number if number < one_at => one.1,
                        number if number < one_at.saturating_add(two_at) => two.1,
                        _ => stay,
                    }
                };
                let never = (Share(0), State::Good);
                self.state = match self.state {
                    State::Good => first(chance, (p14, State::Alone), (p13, State::Bad), State::Good),
                    State::Lull => first(chance, (p23, State::Bad), never, State::Lull),
                    State::Bad => first(chance, (p32, State::Lull), (p31, State::Good), State::Bad),
                    State::Alone => State::Good,
                };
                matches!(self.state, State::Bad | State::Alone)
            }
        }
    }
}
