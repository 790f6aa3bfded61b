//! What stands round a virtual board, in the board's own words: its supply, its shield, its crystal.

use brownout_board::periph::{LineError, Skew};
use brownout_board::shield::{Answer, Cell, Climate, Jam, Lines, Reading, SDA, Stimulus};
use brownout_board::supply::Millivolts;
use brownout_board::{Board, Cycles, Nanos};
use brownout_core::action::{Done, InputState, Noise, SupplyCourse};
use brownout_core::names::Input;
use brownout_core::plan::InputKind;
use brownout_core::port::{Port, PortError, Trouble};
use std::collections::BTreeMap;

/// The air round the sensor when nobody says otherwise.
const ROOM: Climate = Climate::Constant { temperature_mc: 21_500 };

/// The supply of an nRF52840-DK's chip, in millivolts.
const NOMINAL: u32 = 3000;

/// Lets the rail run through a course.
pub(super) fn course(board: &mut Board, course: &SupplyCourse) -> Result<(), PortError> {
    let level = |millivolts: u32| {
        let level = u16::try_from(millivolts).ok().and_then(Millivolts::new);
        level.ok_or_else(|| PortError {
            port: Port::Supply,
            trouble: Trouble::Mismatch,
            message: format!("the chip is not made for {millivolts} mV"),
            help: Some(format!("stay at or below {} mV", Millivolts::MAX.get())),
        })
    };
    let mut legs = Vec::new();
    for point in &course.points {
        legs.push((Nanos(point.over.0).cycles(), level(point.millivolts)?));
    }
    if let Some(back) = course.back {
        legs.push((Nanos(back.0).cycles(), level(NOMINAL)?));
    }
    board.course_supply(&legs);
    Ok(())
}

/// Sets the rail back.
pub(super) fn nominal(board: &mut Board) {
    if let Some(level) = u16::try_from(NOMINAL).ok().and_then(Millivolts::new) {
        board.ramp_supply(level, Cycles(0));
    }
}

/// Sends what no sane peer would.
pub(super) fn send_noise(board: &mut Board, noise: &Noise) -> Done {
    let bytes = match noise {
        Noise::Bytes(bytes) => {
            board.console_input(bytes);
            bytes.len() as u64
        }
        Noise::Framing { characters, seed } => {
            // What a receiver makes of a misframed character is anybody's guess; that it is the same again is not.
            for n in 0..*characters {
                board.console_input_damaged(seed.rotate_left(n * 7) as u8, LineError::Framing);
            }
            u64::from(*characters)
        }
        Noise::Break { .. } => {
            board.console_input_damaged(0, LineError::Break);
            0
        }
    };
    Done::Sent { bytes }
}

/// The inputs that were put into a state, and whether the device has taken notice of each.
#[derive(Clone, Debug, Default)]
pub(super) struct Inputs {
    unnoticed: BTreeMap<Input, Counter>,
}

/// What the shield counts.
#[derive(Clone, Copy, Debug)]
enum Counter {
    Readings,
    Refused,
    Measured,
    Looked,
}

impl Counter {
    fn of(self, board: &Board) -> u64 {
        let touched = board.shield().touched();
        match self {
            Self::Readings => touched.readings,
            Self::Refused => touched.refused,
            Self::Measured => touched.measured,
            Self::Looked => touched.looked,
        }
    }
}

impl Inputs {
    /// Puts an input into a state; whether the shield will tell when the chip takes notice.
    pub(super) fn apply(
        &mut self,
        board: &mut Board,
        input: &Input,
        kind: InputKind,
        state: &InputState,
    ) -> Result<bool, PortError> {
        let whole = |thousandths: i64| i32::try_from(thousandths).unwrap_or(i32::MAX);
        let (stimulus, counter) = match (kind, state) {
            (InputKind::Temperature, InputState::Value(mc)) => {
                (Stimulus::Climate(Climate::Constant { temperature_mc: whole(*mc) }), None)
            }
            (InputKind::Temperature, InputState::Stuck(Some(mc))) => {
                (Stimulus::Reading(Reading::Stuck { raw: counts(*mc) }), Some(Counter::Readings))
            }
            (InputKind::Temperature, InputState::Stuck(None)) => {
                (Stimulus::Reading(Reading::StuckAtLast), Some(Counter::Readings))
            }
            (InputKind::Temperature, InputState::Noisy { amplitude, seed }) => (
                Stimulus::Reading(Reading::Noisy { amplitude_mk: *amplitude, seed: *seed }),
                Some(Counter::Readings),
            ),
            (InputKind::Temperature, InputState::Silent) => {
                (Stimulus::Answer(Answer::Absent), Some(Counter::Refused))
            }
            // That the line is low, which is read back below, is all of it: a chip that looks before it uses the bus never
            // meets it.
            (InputKind::Temperature, InputState::HoldsBus) => (Stimulus::Lines(Lines::SdaLow), None),
            (InputKind::Battery, InputState::Value(mv)) => {
                let millivolts = u32::try_from(*mv).unwrap_or(0);
                (Stimulus::Battery(Cell { millivolts, ..Cell::default() }), Some(Counter::Measured))
            }
            (InputKind::Battery, InputState::Sags { value, milliohms }) => {
                let millivolts = u32::try_from(*value).unwrap_or(0);
                let cell = Cell { millivolts, internal_mohm: *milliohms };
                (Stimulus::Battery(cell), Some(Counter::Measured))
            }
            (InputKind::Button, InputState::Pressed(down)) => (Stimulus::Finger(*down), None),
            (InputKind::Button, InputState::Stuck(at)) => {
                let jam = match at {
                    Some(0) => Jam::Open,
                    Some(_) => Jam::Closed,
                    None if board.shield().finger() => Jam::Closed,
                    None => Jam::Open,
                };
                (Stimulus::Jam(jam), Some(Counter::Looked))
            }
            (InputKind::Clock, InputState::Value(millionths)) => {
                let skew = Skew::from_ppm(whole(*millionths / 1000));
                board.skew_lf_clock(skew.ok_or_else(|| cannot(input, kind, state))?);
                return Ok(false);
            }
            _ => return Err(cannot(input, kind, state)),
        };
        board.stimulate(stimulus);
        if *state == InputState::HoldsBus && board.pin_level(SDA.port(), SDA.number()) {
            return Err(cannot(input, kind, state));
        }
        if let Some(counter) = counter {
            self.unnoticed.insert(input.clone(), counter);
        }
        Ok(counter.is_some())
    }

    /// Takes back the faults of an input; with `everything`, also what it was given to sense.
    pub(super) fn release(&mut self, board: &mut Board, input: &Input, kind: InputKind, everything: bool) {
        self.unnoticed.remove(input);
        match kind {
            InputKind::Temperature => {
                board.stimulate(Stimulus::Reading(Reading::Follows));
                board.stimulate(Stimulus::Answer(Answer::Acknowledges));
                board.stimulate(Stimulus::Lines(Lines::Free));
                if everything {
                    board.stimulate(Stimulus::Climate(ROOM));
                }
            }
            InputKind::Battery => board.stimulate(Stimulus::Battery(Cell::default())),
            InputKind::Button => {
                board.stimulate(Stimulus::Jam(Jam::Free));
                if everything {
                    board.stimulate(Stimulus::Finger(false));
                }
            }
            InputKind::Clock => board.skew_lf_clock(Skew::NONE),
        }
    }

    /// Whether somebody waits for the chip to take notice.
    pub(super) fn are_awaited(&self) -> bool {
        !self.unnoticed.is_empty()
    }

    /// The inputs of which the chip has taken notice since this was asked last, each told once.
    pub(super) fn noticed(&mut self, board: &Board) -> Vec<(Input, u64)> {
        let mut noticed = Vec::new();
        self.unnoticed.retain(|input, counter| {
            let times = counter.of(board);
            if times > 0 {
                noticed.push((input.clone(), times));
            }
            times == 0
        });
        noticed
    }
}

/// A temperature in counts of the TMP117, of 7.8125 m°C.
fn counts(millidegrees: i64) -> i16 {
    let counts = millidegrees * 128 / 1000;
    i16::try_from(counts).unwrap_or(if counts < 0 { i16::MIN } else { i16::MAX })
}

fn cannot(input: &Input, kind: InputKind, state: &InputState) -> PortError {
    PortError {
        port: Port::Stimulus,
        trouble: Trouble::Mismatch,
        message: format!(
            "the virtual board's `{input}` ({}) cannot be put into the state {state:?}",
            kind.word()
        ),
        help: None,
    }
}
