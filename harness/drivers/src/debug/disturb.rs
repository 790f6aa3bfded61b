//! What a probe can do to a running program: stop it, read it, change it.

use super::breaks::{Met, Refused};
use super::target::{Target, flash_trouble, trouble};
use brownout_core::action::{Access, Corruption, Done, FlashCorruption, MemoryWord};
use brownout_core::chance::Chance;
use brownout_core::port::{Port, PortError, Trouble};
use probe_rs::flashing::{DownloadOptions, FlashError};
use probe_rs::{Core, Error, MemoryInterface, RegisterId};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// How long the core may take to halt.
const HALT: Duration = Duration::from_millis(500);

/// More flash is not corrupted at once.
const MOST_FLASH: u32 = 1 << 20;

impl Target {
    /// Halts the core, and looks that it stands.
    pub(crate) fn halt(&mut self) -> Result<(), PortError> {
        self.with_core("halt the core", |core| core.halt(HALT).map(drop))
    }

    /// Lets a halted core go on.
    pub(crate) fn resume(&mut self) -> Result<(), PortError> {
        self.with_core("let the core go on", |core| if core.core_halted()? { core.run() } else { Ok(()) })
    }

    /// Reads a word while the core runs.
    pub(crate) fn read(&mut self, word: &MemoryWord) -> Result<Done, PortError> {
        let address = u64::from(word.address);
        self.with_core(&format!("read {}", word.name), |core| {
            Ok(Done::Value(match word.length {
                1 => u32::from(core.read_word_8(address)?),
                2 => u32::from(core.read_word_16(address)?),
                _ => core.read_word_32(address)?,
            }))
        })
    }

    /// Inverts bits of memory while the core stands.
    pub(crate) fn flip_memory(&mut self, address: u32, mask: &[u8]) -> Result<Done, PortError> {
        self.with_core(&format!("change memory at {address:#010x}"), |core| {
            standing(core, |core| {
                let at = u64::from(address);
                let mut before = vec![0; mask.len()];
                core.read_8(at, &mut before)?;
                let flipped: Vec<u8> = before.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
                core.write_8(at, &flipped)?;
                let mut after = vec![0; mask.len()];
                core.read_8(at, &mut after)?;
                Ok(Done::Changed { before: hex(&before), after: hex(&after) })
            })
        })
    }

    /// Inverts bits of a core register while the core stands.
    pub(crate) fn flip_register(&mut self, register: &str, mask: u32) -> Result<Done, PortError> {
        let Some(id) = register_id(register) else {
            return Err(refused(
                format!("no core register is called `{register}`"),
                "see `brownout kinds register_flip`",
            ));
        };
        self.with_core(&format!("change register {register}"), |core| {
            standing(core, |core| {
                let before: u32 = core.read_core_reg(id)?;
                core.write_core_reg(id, before ^ mask)?;
                let after: u32 = core.read_core_reg(id)?;
                Ok(Done::Changed { before: format!("{before:08x}"), after: format!("{after:08x}") })
            })
        })
    }

    /// Changes flash and starts the device anew: the loader works in its RAM.
    pub(crate) fn corrupt_flash(&mut self, corruption: &FlashCorruption) -> Result<Done, PortError> {
        self.leave_log();
        let (chip, name) = (self.chip().to_owned(), self.name().to_owned());
        let range = format!("{} bytes of flash at {:#010x}", corruption.length, corruption.address);
        if corruption.length == 0 || corruption.length > MOST_FLASH {
            return Err(refused(
                format!("{range} cannot be corrupted at once"),
                "name less of it with `bytes`",
            ));
        }
        let doing = format!("change {range}");
        let error = |error: Error| trouble(&name, &doing, &error);
        let flash = |error: FlashError| flash_trouble(&chip, range.as_ref(), &name, &error);
        let session = self.session()?;
        let at = u64::from(corruption.address);
        let mut before = vec![0; corruption.length as usize];
        session.core(0).map_err(error)?.read_8(at, &mut before).map_err(error)?;
        let wanted = corrupted(&before, corruption.how, corruption.seed);
        let mut loader = session.target().flash_loader();
        loader.add_data(at, &wanted).map_err(flash)?;
        let mut options = DownloadOptions::new();
        options.keep_unwritten_bytes = true;
        options.verify = true;
        loader.commit(session, options).map_err(flash)?;
        let mut core = session.core(0).map_err(error)?;
        let mut after = vec![0; corruption.length as usize];
        core.read_8(at, &mut after).map_err(error)?;
        core.reset().map_err(error)?;
        Ok(Done::Changed { before: digest(&before), after: digest(&after) })
    }

    /// Stops the core at an address.
    pub(crate) fn break_at(&mut self, address: u32, nth: u64) -> Result<(), PortError> {
        self.set_break(&format!("set a breakpoint at {address:#010x}"), |breaks, core| {
            breaks.code(core, address, nth)
        })
    }

    /// Stops the core at an access to memory.
    pub(crate) fn watch_at(&mut self, word: &MemoryWord, access: Access, nth: u64) -> Result<(), PortError> {
        self.set_break(&format!("watch {}", word.name), |breaks, core| breaks.data(core, word, access, nth))
    }

    fn set_break(
        &mut self,
        doing: &str,
        set: impl FnOnce(&mut super::breaks::Breaks, &mut Core<'_>) -> Result<(), Refused>,
    ) -> Result<(), PortError> {
        let name = self.name().to_owned();
        let mut breaks = std::mem::take(self.breaks());
        let result = match self.session() {
            Ok(session) => {
                session.core(0).map_err(Refused::Probe).and_then(|mut core| set(&mut breaks, &mut core))
            }
            Err(error) => {
                *self.breaks() = breaks;
                return Err(error);
            }
        };
        *self.breaks() = breaks;
        result.map_err(|why| match why {
            Refused::Probe(error) => trouble(&name, doing, &error),
            Refused::NoneLeft { what, has } => refused(
                format!("{name} could not {doing}: the chip has {has} {what} comparators, and all are in use"),
                "use fewer triggers of this kind at a time",
            ),
            Refused::NoDwt => refused(
                format!("{name} could not {doing}: watchpoints are known of Armv7-M cores only"),
                "use another trigger: `reached` a function that accesses it",
            ),
            Refused::Unaligned => refused(
                format!("{name} could not {doing}: a watched word has 1, 2 or 4 bytes and stands at a multiple of that"),
                "say how many of its bytes to watch with `bytes`",
            ),
        })
    }

    /// Takes back breakpoints and watchpoints. A device without power has none left.
    pub(crate) fn clear_breaks(&mut self) -> Result<(), PortError> {
        let mut breaks = std::mem::take(self.breaks());
        if !breaks.any() && self.is_attached() {
            return Ok(());
        }
        let cleared = match self.session() {
            // One that was left behind by a process that died is the probe's own to clear when it lets go.
            Ok(session) => session.core(0).and_then(|mut core| {
                let cleared = breaks.clear(&mut core);
                core.clear_all_hw_breakpoints()?;
                cleared
            }),
            Err(_) => Ok(()),
        };
        if cleared.is_err() {
            // Its comparators went with its power.
            breaks.forget();
            self.detach();
        }
        Ok(())
    }

    /// Looks whether the core stands at what was set. The session is given up when the device does not answer.
    pub(crate) fn look(&mut self) -> Option<Met> {
        let mut breaks = std::mem::take(self.breaks());
        let met = match self.attached() {
            Some(session) if breaks.are_awaited() => {
                let met = session.core(0).and_then(|mut core| breaks.look(&mut core));
                met.map_err(drop)
            }
            _ => Ok(None),
        };
        *self.breaks() = breaks;
        match met {
            Ok(met) => met,
            Err(()) => {
                self.detach();
                None
            }
        }
    }

    /// Goes away without a word: nothing more is asked of the device until it is attached to again.
    pub(crate) fn lose(&mut self, halted: bool) -> Result<(), PortError> {
        if halted {
            self.halt()?;
        }
        self.leave_log();
        self.set_lost();
        Ok(())
    }

    fn with_core<R>(
        &mut self,
        doing: &str,
        work: impl FnOnce(&mut Core<'_>) -> Result<R, Error>,
    ) -> Result<R, PortError> {
        let name = self.name().to_owned();
        let session = self.session()?;
        session.core(0).and_then(|mut core| work(&mut core)).map_err(|error| trouble(&name, doing, &error))
    }
}

/// Does something while the core stands; it goes on afterwards if it ran before.
fn standing<R>(
    core: &mut Core<'_>,
    work: impl FnOnce(&mut Core<'_>) -> Result<R, Error>,
) -> Result<R, Error> {
    let stood = core.core_halted()?;
    if !stood {
        core.halt(HALT)?;
    }
    let result = work(core);
    if !stood {
        core.run()?;
    }
    result
}

/// The number of a core register at the debug port (DDI 0403E, table C1-20, DCRSR.REGSEL), by its name.
fn register_id(name: &str) -> Option<RegisterId> {
    let numbered = |prefix: char, most: u16| {
        name.strip_prefix(prefix)?.parse::<u16>().ok().filter(|number| *number <= most)
    };
    let number = match name {
        "sp" => 13,
        "lr" => 14,
        "pc" => 15,
        "xpsr" => 16,
        _ => numbered('r', 12).or_else(|| numbered('s', 31).map(|number| 64 + number))?,
    };
    Some(RegisterId(number))
}

/// What a piece of flash holds afterwards.
fn corrupted(before: &[u8], how: Corruption, seed: u64) -> Vec<u8> {
    let mut after = before.to_vec();
    let half = after.len() / 2;
    match how {
        Corruption::Erased => after.fill(0xff),
        Corruption::Torn => after.iter_mut().skip(half).for_each(|byte| *byte = 0xff),
        Corruption::Noise => {
            let mut noise = Chance::new(seed);
            after.iter_mut().for_each(|byte| *byte = noise.number().to_le_bytes()[3]);
        }
        Corruption::Bits(count) => {
            // Erased flash that turns over is rarely missed; what was written is.
            let written: Vec<usize> = (0..after.len()).filter(|at| before.get(*at) != Some(&0xff)).collect();
            let places = if written.is_empty() { (0..after.len()).collect() } else { written };
            let mut scatter = Chance::new(seed);
            let mut left = u64::from(count).min(places.len() as u64 * 8);
            let mut turned = std::collections::BTreeSet::new();
            while left > 0 {
                let bit = scatter.number() % (places.len() as u64 * 8);
                if turned.insert(bit) {
                    left -= 1;
                    let place = usize::try_from(bit / 8).ok().and_then(|at| places.get(at));
                    if let Some(byte) = place.and_then(|at| after.get_mut(*at)) {
                        *byte ^= 1 << (bit % 8);
                    }
                }
            }
        }
    }
    after
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first 64 bits of SHA-256, in hex: enough to see a change.
fn digest(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes).get(..8).unwrap_or_default())
}

fn refused(message: String, help: &str) -> PortError {
    PortError { port: Port::Debug, trouble: Trouble::Mismatch, message, help: Some(help.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flash_goes_bad_as_asked() {
        let written: Vec<u8> = (0..64).map(|n| if n < 16 { n } else { 0xff }).collect();
        let changed = |how| {
            let after = corrupted(&written, how, 5);
            written.iter().zip(&after).map(|(a, b)| (a ^ b).count_ones()).sum::<u32>()
        };
        assert_eq!(changed(Corruption::Bits(3)), 3);
        assert_eq!(changed(Corruption::Bits(100_000)), 128, "every bit of what was written");
        assert!(corrupted(&written, Corruption::Bits(9), 1)[16..].iter().all(|byte| *byte == 0xff));
        assert!(corrupted(&written, Corruption::Erased, 1).iter().all(|byte| *byte == 0xff));
        assert_eq!(corrupted(&written, Corruption::Torn, 1)[..32], written[..32]);
        assert_ne!(corrupted(&written, Corruption::Noise, 1), corrupted(&written, Corruption::Noise, 2));
        assert_eq!(
            corrupted(&[0xff; 4], Corruption::Bits(2), 1).iter().map(|b| b.count_zeros()).sum::<u32>(),
            2
        );
    }

    #[test]
    fn registers_by_their_names() {
        let number = |name| register_id(name).map(|id| id.0);
        assert_eq!(
            [number("r0"), number("r12"), number("pc"), number("s31")],
            [Some(0), Some(12), Some(15), Some(95)]
        );
        assert_eq!([number("r13"), number("s32"), number("x"), number("")], [None; 4]);
    }
}
