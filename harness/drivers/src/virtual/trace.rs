//! From what a virtual board shows to what a port reports.

use brownout_board::output::Visible;
use brownout_board::power_cut::{CutPoint, Moment as At, PowerCut, Tear as Torn};
use brownout_board::{FlashOpKind as Kind, Output};
use brownout_core::action::{FlashCut, FlashOp, FlashOpKind, Moment, Tear};
use brownout_core::port::{Port, PortError, Trouble};
use brownout_core::time::Instant;
use brownout_ports::Observed;

/// Console bytes are handed on at the end of a line, or when this many have come.
const CHUNK: usize = 256;

/// Turns outputs into reports: gathers console bytes and counts flash operations.
#[derive(Clone, Debug, Default)]
pub(super) struct Trace {
    console: Option<(Instant, Vec<u8>)>,
    console_open: bool,
    /// The console's cable is pulled.
    unplugged: bool,
    /// While tracing: the number of the last operation before the trace began.
    base: Option<u64>,
}

impl Trace {
    /// Hands on what the console says from now on, and drops what it said before.
    pub(super) fn open_console(&mut self) {
        if !self.console_open {
            self.console = None;
            self.console_open = true;
        }
    }

    /// Pulls the console's cable or plugs it in again.
    pub(super) fn unplug(&mut self, unplugged: bool) {
        self.unplugged = unplugged;
        self.console = None;
    }

    /// Whether the console's cable is pulled.
    pub(super) const fn is_unplugged(&self) -> bool {
        self.unplugged
    }

    /// Reports the flash operations after number `base`, or none.
    pub(super) fn flash_after(&mut self, base: Option<u64>) {
        self.base = base;
    }

    /// Takes one output; calls back with each report it completes.
    pub(super) fn take(&mut self, output: &Output, mut report: impl FnMut(Instant, Observed)) {
        let at = Instant(output.at.nanos().0);
        match &output.what {
            Visible::Console(byte) if self.console_open && !self.unplugged => {
                let (since, bytes) = self.console.get_or_insert_with(|| (at, Vec::new()));
                *since = at;
                bytes.push(*byte);
                if *byte == b'\n' || bytes.len() >= CHUNK {
                    self.flush(report);
                }
            }
            Visible::Flash(op) => {
                if let Some(base) = self.base.filter(|base| op.number > *base) {
                    let op = FlashOp {
                        nth: op.number - base,
                        op: kind(op.kind),
                        address: op.address,
                        complete: op.complete,
                    };
                    report(at, Observed::Flash(op));
                }
            }
            Visible::Supply { millivolts } => {
                report(at, Observed::Voltage { millivolts: u32::from(*millivolts) });
            }
            Visible::Rail { on } => {
                self.flush(&mut report);
                report(at, Observed::Rail { on: *on });
            }
            Visible::Stopped { address, why } => report(
                at,
                Observed::Lost(PortError {
                    port: Port::Debug,
                    trouble: Trouble::Failed,
                    message: format!("virtual board: it stopped at {address:#010x}: {why}"),
                    help: Some(
                        "the virtual board does not do everything silicon does; please report this"
                            .to_owned(),
                    ),
                }),
            ),
            _ => {}
        }
    }

    /// Hands on the console bytes gathered so far.
    pub(super) fn flush(&mut self, mut report: impl FnMut(Instant, Observed)) {
        if let Some((at, bytes)) = self.console.take() {
            report(at, Observed::Bytes(bytes));
        }
    }
}

const fn kind(kind: Kind) -> FlashOpKind {
    match kind {
        Kind::Write { .. } => FlashOpKind::Write,
        Kind::EraseAll => FlashOpKind::EraseAll,
        _ => FlashOpKind::Erase,
    }
}

/// The board's own words for a cut at a flash operation.
pub(super) const fn power_cut(cut: &FlashCut) -> PowerCut {
    let moment = match cut.moment {
        Moment::Before => At::Before,
        Moment::During => At::During { permille: 500 },
        Moment::After => At::After,
    };
    let tear = match cut.tear {
        Tear::Nothing => Torn::None,
        Tear::Random => Torn::RandomBits { seed: cut.seed },
        Tear::Half => Torn::Half,
        Tear::Full => Torn::Full,
    };
    PowerCut { when: CutPoint::FlashOp { nth: cut.nth, moment }, tear }
}
