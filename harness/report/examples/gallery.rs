//! Writes the reports of runs that never happened into a folder, to look at: `cargo run --example gallery -- FOLDER`.

// An example is a rim of its own: it reads its arguments and writes files.
#![allow(clippy::disallowed_methods, clippy::print_stdout)]

#[path = "../tests/sample/mod.rs"]
mod sample;

use brownout_core::time::Duration;
use brownout_report::terminal::{self, Live, Style};
use brownout_report::{RunLine, Suite, html, json, junit};
use sample::Kept;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("say which folder to write to")?;
    let folder = Path::new(&folder);
    let style = Style { colour: true, unicode: true, ..Style::PLAIN };
    let mut runs = Vec::new();
    for (name, sample) in [
        ("pass", sample::power_cut(Kept::Yes)),
        ("fail", sample::power_cut(Kept::No)),
        ("inconclusive", sample::never_bit()),
        ("hostile", sample::hostile()),
    ] {
        let mut live = Live::new(style);
        for line in sample.events.iter().flat_map(|e| live.event(e)) {
            println!("{line}");
        }
        println!("\n{}", terminal::run(&sample.view(), &style));
        std::fs::create_dir_all(folder.join(name))?;
        std::fs::write(folder.join(name).join("report.html"), html::run(&sample.view())?)?;
        let mut run = RunLine::of(&sample.view());
        run.folder = format!("gallery/{name}");
        runs.push(run);
    }
    let suite = Suite {
        anchor: "2026-03-11T10:15:00Z".to_owned(),
        folder: "gallery".to_owned(),
        wall_time: Duration::from_millis(512),
        runs,
    };
    print!("{}", terminal::suite(&suite, &style));
    std::fs::write(folder.join("index.html"), html::index(&suite)?)?;
    std::fs::write(folder.join("junit.xml"), junit::xml(&suite)?)?;
    std::fs::write(folder.join("summary.json"), json::summary(&suite)?)?;
    Ok(())
}
