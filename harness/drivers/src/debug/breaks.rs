//! Breakpoints and watchpoints that wait for their n-th time.
//!
//! A breakpoint is a comparator of the core's own unit (probe-rs sets it); a watchpoint is a comparator of the DWT, which
//! probe-rs leaves alone, so its registers are written here (ARMv7-M Architecture Reference Manual, DDI 0403E, §C1.8).

use brownout_core::action::{Access, MemoryWord};
use probe_rs::{Core, CoreStatus, CoreType, Error, MemoryInterface};

const DEMCR: u64 = 0xE000_EDFC;
const DEMCR_TRCENA: u32 = 1 << 24;
const DWT_CTRL: u64 = 0xE000_1000;
const DWT_COMP: u64 = 0xE000_1020;
const DWT_MASK: u64 = 0xE000_1024;
const DWT_FUNCTION: u64 = 0xE000_1028;
/// From the registers of one comparator to those of the next.
const DWT_STEP: u64 = 16;
const MATCHED: u32 = 1 << 24;

/// What stops the core.
#[derive(Clone, Debug)]
enum Stop {
    Code(u32),
    Data(MemoryWord, Access),
}

/// One that waits.
#[derive(Clone, Debug)]
struct Break {
    stop: Stop,
    /// How often it must still be met.
    left: u64,
}

/// Those that are set on one core.
#[derive(Clone, Debug, Default)]
pub(super) struct Breaks {
    set: Vec<Break>,
    /// The core stands at one that was met for the last time.
    standing: bool,
}

/// A core that stands at one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Met {
    /// The address that was set.
    pub(crate) address: u32,
    /// The program counter.
    pub(crate) pc: u32,
}

/// Why one cannot be set.
pub(super) enum Refused {
    /// The chip has no more comparators.
    NoneLeft { what: &'static str, has: usize },
    /// The core is not of a kind whose watchpoints are known here.
    NoDwt,
    /// The word cannot be compared with.
    Unaligned,
    /// The probe says so.
    Probe(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Probe(error)
    }
}

impl Breaks {
    /// Whether the core has to be looked at now and then.
    pub(super) fn are_awaited(&self) -> bool {
        !self.set.is_empty() && !self.standing
    }

    /// Whether any is set.
    pub(super) fn any(&self) -> bool {
        !self.set.is_empty()
    }

    pub(super) fn code(&mut self, core: &mut Core<'_>, address: u32, nth: u64) -> Result<(), Refused> {
        let units = core.available_breakpoint_units()? as usize;
        let used = self.set.iter().filter(|set| matches!(set.stop, Stop::Code(_))).count();
        if used >= units {
            return Err(Refused::NoneLeft { what: "breakpoint", has: units });
        }
        core.set_hw_breakpoint(u64::from(address))?;
        self.set.push(Break { stop: Stop::Code(address), left: nth.max(1) });
        self.standing = false;
        Ok(())
    }

    pub(super) fn data(
        &mut self,
        core: &mut Core<'_>,
        word: &MemoryWord,
        access: Access,
        nth: u64,
    ) -> Result<(), Refused> {
        if !matches!(core.core_type(), CoreType::Armv7m | CoreType::Armv7em) {
            return Err(Refused::NoDwt);
        }
        if !matches!(word.length, 1 | 2 | 4) || !word.address.is_multiple_of(u32::from(word.length)) {
            return Err(Refused::Unaligned);
        }
        // Without it the DWT answers nothing, not even how many comparators it has.
        let demcr = core.read_word_32(DEMCR)?;
        core.write_word_32(DEMCR, demcr | DEMCR_TRCENA)?;
        let unit = self.set.iter().filter(|set| matches!(set.stop, Stop::Data(..))).count();
        // Without it nothing of the DWT can be read (DDI 0403E, §C1.6.5), and it seems to have no comparators.
        enable_trace(core)?;
        let units = core.read_word_32(DWT_CTRL)? as usize >> 28;
        if unit >= units {
            return Err(Refused::NoneLeft { what: "watchpoint", has: units });
        }
        compare(core, unit, word, access)?;
        self.set.push(Break { stop: Stop::Data(word.clone(), access), left: nth.max(1) });
        self.standing = false;
        Ok(())
    }

    /// Takes all of them back; a halted core stays halted.
    pub(super) fn clear(&mut self, core: &mut Core<'_>) -> Result<(), Error> {
        let mut watchpoint = 0;
        for set in std::mem::take(&mut self.set) {
            match set.stop {
                Stop::Code(address) => core.clear_hw_breakpoint(u64::from(address))?,
                Stop::Data(..) => {
                    core.write_word_32(DWT_FUNCTION + watchpoint * DWT_STEP, 0)?;
                    watchpoint += 1;
                }
            }
        }
        self.standing = false;
        Ok(())
    }

    /// Forgets them: the device has lost its power, and its comparators with it.
    pub(super) fn forget(&mut self) {
        self.set.clear();
        self.standing = false;
    }

    /// Sets them anew in a device whose power is back.
    pub(super) fn set_again(&self, core: &mut Core<'_>) -> Result<(), Error> {
        let mut unit = 0;
        for set in &self.set {
            match &set.stop {
                Stop::Code(address) => core.set_hw_breakpoint(u64::from(*address))?,
                Stop::Data(word, access) => {
                    compare(core, unit, word, *access)?;
                    unit += 1;
                }
            }
        }
        Ok(())
    }

    /// Looks whether the core stands at one of them. One that was not met often enough lets it go on.
    pub(super) fn look(&mut self, core: &mut Core<'_>) -> Result<Option<Met>, Error> {
        if !matches!(core.status()?, CoreStatus::Halted(_)) {
            return Ok(None);
        }
        let pc: u32 = core.read_core_reg(core.program_counter())?;
        let mut met = None;
        let mut unit = 0;
        for set in &mut self.set {
            let here = match &set.stop {
                Stop::Code(address) => (*address == pc).then_some(*address),
                Stop::Data(word, _) => {
                    // Reading it clears it.
                    let function = core.read_word_32(DWT_FUNCTION + unit * DWT_STEP)?;
                    unit += 1;
                    (function & MATCHED != 0).then_some(word.address)
                }
            };
            if let Some(address) = here {
                set.left = set.left.saturating_sub(1);
                if set.left == 0 {
                    met = Some(Met { address, pc });
                }
            }
        }
        if met.is_some() {
            self.standing = true;
        } else {
            core.run()?;
        }
        Ok(met)
    }
}

fn enable_trace(core: &mut Core<'_>) -> Result<(), Error> {
    let demcr = core.read_word_32(DEMCR)?;
    core.write_word_32(DEMCR, demcr | DEMCR_TRCENA)
}

/// Makes a comparator of the DWT halt the core on an access (DDI 0403E, table C1-21: functions 5 to 7).
fn compare(
    core: &mut Core<'_>,
    unit: impl TryInto<u64>,
    word: &MemoryWord,
    access: Access,
) -> Result<(), Error> {
    let at = unit.try_into().unwrap_or(0) * DWT_STEP;
    enable_trace(core)?;
    core.write_word_32(DWT_COMP + at, word.address)?;
    core.write_word_32(DWT_MASK + at, u32::from(word.length).trailing_zeros())?;
    let function = match access {
        Access::Read => 5,
        Access::Write => 6,
        Access::Any => 7,
    };
    core.write_word_32(DWT_FUNCTION + at, function)
}
