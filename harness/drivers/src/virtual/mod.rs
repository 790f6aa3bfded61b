//! The virtual board behind every port. Only here does the harness know that a board may be virtual.
//!
//! In virtual time (`simulated`) the board lives on the engine's own thread and its time is the bench's time. In real
//! time (`hosted`) it lives on a thread of its own, and the ordinary drivers reach it through the doors that the
//! operating system sees.

#[cfg(target_os = "linux")]
pub(crate) mod cable;
mod checkpoint;
#[cfg(unix)]
pub(crate) mod hosted;
pub(crate) mod simulated;

pub mod probe;

pub use probe::VirtualProbe;

/// A virtual board in real time with its doors, as benchmarks want to see it.
#[cfg(unix)]
pub type HostedBoard = brownout_board::doors::Host<Board>;
mod network;
mod trace;
mod world;

use brownout_board::{Board, Config};
use brownout_core::port::{Port, PortError, Trouble};

/// The only chip that the virtual board is.
const CHIP: &str = "nRF52840_xxAA";

/// A board for a board file that asks for `chip`, plugged in as a real one is.
fn board(chip: &str, seed: u64) -> Result<Board, PortError> {
    is_chip(chip)?;
    let mut board = Board::new(Config { seed, ..Config::default() });
    board.set_power(true);
    Ok(board)
}

/// Whether the virtual board is such a chip.
pub(crate) fn is_chip(chip: &str) -> Result<(), PortError> {
    if chip == CHIP {
        return Ok(());
    }
    Err(PortError {
        port: Port::Debug,
        trouble: Trouble::Mismatch,
        message: format!("the virtual board is an {CHIP}, and the board file asks for a {chip}"),
        help: Some("use a rig with a real board, or a board file for that chip".to_owned()),
    })
}
