//! A core on paper: every instruction is two bytes long, takes a microsecond and does nothing, but it halts, steps, breaks and resets as
//! a debugger expects of an ARMv7-M core (ARM C1.6).

use std::collections::BTreeMap;

use brownout_board::Output;
use brownout_board::doors::glasgow::Cable;
use brownout_board::doors::{Device, Wake};
use brownout_board::swd::{DHCSR, DebugTarget, Refused, Width};
use brownout_board::time::Cycles;

const DFSR: u32 = 0xE000_ED30;
const AIRCR: u32 = 0xE000_ED0C;
const DCRSR: u32 = 0xE000_EDF4;
const DCRDR: u32 = 0xE000_EDF8;
const DEMCR: u32 = 0xE000_EDFC;
const FP_CTRL: u32 = 0xE000_2000;
const FP_COMP0: u32 = 0xE000_2008;

const PC: usize = 15;
const RESET_VECTOR: u32 = 0x100;

pub(crate) struct Paper {
    now: Cycles,
    epoch: u64,
    on: bool,
    in_reset: bool,
    halted: bool,
    debug: u32,
    registers: [u32; 32],
    words: BTreeMap<u32, u32>,
}

impl Paper {
    pub(crate) fn new() -> Self {
        Self {
            now: Cycles(0),
            epoch: 1,
            on: true,
            in_reset: false,
            halted: false,
            debug: 0,
            registers: [0; 32],
            words: BTreeMap::new(),
        }
    }

    fn word(&self, address: u32) -> u32 {
        self.words.get(&address).copied().unwrap_or_default()
    }

    fn halt(&mut self, reason: u32) {
        self.halted = true;
        *self.words.entry(DFSR).or_default() |= reason;
    }

    fn reset(&mut self) {
        self.registers = [0; 32];
        self.registers[PC] = RESET_VECTOR;
        self.registers[16] = 1 << 24;
        self.halted = false;
        if self.word(DEMCR) & 1 == 1 {
            self.halt(1 << 3);
        }
    }

    fn breaks(&self) -> bool {
        let here = self.registers[PC];
        self.word(FP_CTRL) & 1 == 1
            && (0..6).map(|unit| self.word(FP_COMP0 + 4 * unit)).any(|comparator| {
                let half = if comparator >> 30 == 2 { 2 } else { 0 };
                comparator & 1 == 1 && (comparator & 0x1FFF_FFFC) + half == here
            })
    }
}

impl Device for Paper {
    fn now(&self) -> Cycles {
        self.now
    }

    fn run(&mut self, until: Cycles) {
        while self.now < until {
            if !self.on || self.in_reset || self.halted {
                self.now = until;
                return;
            }
            self.now = self.now + Cycles(64);
            self.registers[PC] = self.registers[PC].wrapping_add(2);
            if self.debug & 1 == 1 && self.breaks() {
                self.halt(1 << 1);
                return;
            }
        }
    }

    fn next_wake(&self) -> Wake {
        if self.on && !self.in_reset && !self.halted { Wake::Now } else { Wake::Never }
    }

    fn take_outputs(&mut self) -> Vec<Output> {
        Vec::new()
    }

    fn console_input(&mut self, _bytes: &[u8]) {}

    fn set_power(&mut self, on: bool) {
        if on && !self.on {
            self.epoch += 1;
            self.words.clear();
            self.debug = 0;
            self.reset();
        }
        self.on = on;
    }

    fn halted(&self) -> bool {
        self.halted
    }

    fn runs_loader(&self) -> bool {
        false
    }
}

impl DebugTarget for Paper {
    fn power_epoch(&self) -> Option<u64> {
        self.on.then_some(self.epoch)
    }

    fn read(&mut self, address: u32, width: Width) -> Result<u32, Refused> {
        if (0x3000_0000..0xE000_0000).contains(&address) {
            return Err(Refused);
        }
        let word = match address & !3 {
            DHCSR => self.debug & 0xF | 1 << 16 | u32::from(self.halted) << 17,
            FP_CTRL => self.word(FP_CTRL) & 1 | 6 << 4,
            other => self.word(other),
        };
        Ok(word >> (8 * (address & 3)) & (u32::MAX >> (32 - 8 * width.bytes())))
    }

    fn write(&mut self, address: u32, width: Width, value: u32) -> Result<(), Refused> {
        if (0x3000_0000..0xE000_0000).contains(&address) {
            return Err(Refused);
        }
        match address {
            DHCSR if value >> 16 == 0xA05F => {
                // Halted by the reset catch that was set while debugging was off: it stays so.
                let caught = self.halted && self.debug & 1 == 0;
                self.debug = value & 0xF;
                match value & 0b110 {
                    0b000 => self.halted = caught,
                    0b100 if self.halted => {
                        self.registers[PC] = self.registers[PC].wrapping_add(2);
                        self.halt(1);
                    }
                    _ if value & 1 == 1 => self.halt(1),
                    _ => {}
                }
                if value & 1 == 0 {
                    self.halted = false;
                }
            }
            DHCSR => {}
            DFSR => *self.words.entry(DFSR).or_default() &= !value,
            AIRCR if value >> 16 == 0x05FA && value & 4 != 0 => self.reset(),
            DCRSR => {
                let register = (value & 0x1F) as usize;
                if value & 1 << 16 != 0 {
                    self.registers[register] = self.word(DCRDR);
                } else {
                    self.words.insert(DCRDR, self.registers[register]);
                }
            }
            _ => {
                let shift = 8 * (address & 3);
                let mask = (u32::MAX >> (32 - 8 * width.bytes())) << shift;
                let word = self.words.entry(address & !3).or_default();
                *word = *word & !mask | value << shift & mask;
            }
        }
        Ok(())
    }

    fn protected(&self) -> bool {
        false
    }

    fn hold_reset(&mut self, held: bool) {
        self.reset_pin(held);
    }

    fn erase_all(&mut self) {}

    fn erasing_all(&self) -> bool {
        false
    }
}

impl Cable for Paper {
    fn reset_pin(&mut self, asserted: bool) {
        if self.in_reset && !asserted {
            self.reset();
        }
        self.in_reset = asserted;
    }
}
