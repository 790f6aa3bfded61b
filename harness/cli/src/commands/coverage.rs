//! `brownout coverage`: which classes of failure the scenarios cover, and what proves it.

use crate::args::Coverage;
use crate::failure::{Exit, Failure};
use crate::project::Project;
use crate::view;
use brownout_core::coverage::{Covering, page};
use std::fs;

/// Where the page stands in the project.
const PAGE: &str = "scenarios/COVERAGE.md";

/// Shows the page, writes it, or compares it with the one that is there.
///
/// # Errors
/// A scenario is wrong, there is none, or the page cannot be written.
pub fn run(args: &Coverage) -> Result<Exit, Failure> {
    let project = Project::find()?;
    let scenarios: Vec<_> = project.scenarios(&[], &[])?.iter().map(Covering::of).collect();
    let text = page(&scenarios);
    let path = project.root().join(PAGE);
    if args.check {
        // One that cannot be read differs too.
        let there = fs::read_to_string(&path).unwrap_or_default();
        if there == text {
            view::print(&format!("{PAGE} says what the scenarios cover\n"));
            return Ok(Exit::Pass);
        }
        let line = there.lines().zip(text.lines()).take_while(|(there, text)| there == text).count() + 1;
        view::complain(&format!(
            "error: {PAGE} does not say what the scenarios cover; it differs from line {line} on\n  = help: \
             `brownout coverage --write` makes it anew\n"
        ));
        return Ok(Exit::Fail);
    }
    if args.write {
        fs::write(&path, &text).map_err(|error| {
            Failure::input(
                format!("cannot write {PAGE}: {error}"),
                "the folder must be one that can be written to",
            )
        })?;
        view::print(&format!("{PAGE}: {} scenarios\n", scenarios.len()));
        return Ok(Exit::Pass);
    }
    view::print(&text);
    Ok(Exit::Pass)
}
