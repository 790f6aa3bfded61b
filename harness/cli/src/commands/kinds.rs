//! `brownout kinds`: what can be written.

use crate::args::{Kinds, Schema};
use crate::failure::{Exit, Failure};
use crate::view;
use brownout_core::kinds::{SchemaOf, describe, schema};

/// Explains.
///
/// # Errors
/// There is nothing by that name.
pub fn run(args: &Kinds) -> Result<Exit, Failure> {
    let text = match args.schema {
        Some(file) => {
            let of = match file {
                Schema::Scenario => SchemaOf::Scenario,
                Schema::Board => SchemaOf::Board,
                Schema::Rig => SchemaOf::Rig,
            };
            format!("{:#}\n", schema(of))
        }
        None => describe(args.name.as_deref(), &brownout_drivers::tables())
            .map_err(|message| Failure::input(message, ""))?,
    };
    view::print(&text);
    Ok(Exit::Pass)
}
