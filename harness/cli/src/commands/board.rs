//! `brownout board`: the virtual board alone, behind its doors.

use crate::args::Board as BoardArgs;
use crate::failure::{Exit, Failure};
use crate::signals::Wishes;
use crate::view;
use brownout_board::doors::Host;
use brownout_board::{Board, Config};

/// Serves the board until somebody asks to stop.
///
/// # Errors
/// The image does not fit, or the doors cannot be opened.
pub fn run(args: &BoardArgs) -> Result<Exit, Failure> {
    let mut board = Board::new(Config { seed: args.seed, ..Config::default() });
    if let Some(path) = &args.image {
        let bytes = std::fs::read(path).map_err(|error| {
            Failure::input(
                format!("cannot read {}: {error}", path.display()),
                "name an ELF file with --image",
            )
        })?;
        board.load_elf(&bytes).map_err(|error| {
            Failure::input(format!("{}: {error}", path.display()), "an image is an ELF file for an nRF52840")
        })?;
    }
    let wishes = Wishes::new()
        .map_err(|error| Failure::inconclusive(format!("cannot listen for signals: {error}"), None))?;
    let host = Host::start(board).map_err(|error| {
        Failure::inconclusive(
            format!("the virtual board's doors cannot be opened: {error}"),
            Some("it needs a writable temporary directory and a free pseudo-terminal".to_owned()),
        )
    })?;
    if !args.off {
        host.set_power(true);
    }
    let (selector, console, power) = (host.selector(), host.console().display(), host.power_socket());
    view::print(&format!(
        "virtual nRF52840 board, power {}\n\
         \n\
         debug probe   {selector}\n\
         console       {console} (115200 baud)\n\
         mains         {} (lines: on, off, reset, status)\n\
         ethernet      {} (SOCK_SEQPACKET, one frame a message)\n\
         \n\
         probe-rs read --probe {selector} --chip nRF52840_xxAA b32 0x10000100 2\n\
         probe-rs attach --probe {selector} --chip nRF52840_xxAA {elf}\n\
         Ctrl-C stops it\n",
        if args.off { "off" } else { "on" },
        power.display(),
        host.ethernet_socket().display(),
        elf = args.image.as_ref().map_or_else(
            || "<ELF>".to_owned(),
            |path| brownout_report::shell::word(&path.display().to_string())
        ),
    ));
    wishes.wait(args.seconds.map(std::time::Duration::from_secs));
    Ok(Exit::Pass)
}
