//! What a real shell makes of the words that reports quote for it.

#![cfg(unix)]

use brownout_report::shell::word;
use std::process::Command;

#[test]
#[allow(clippy::disallowed_methods, reason = "a test asks the shell itself")]
fn the_shell_reads_back_what_was_quoted() {
    for text in [
        "",
        "$(id)",
        "`id`",
        "a\nb",
        "it's",
        "'",
        "''",
        "\\",
        "\"$HOME\"",
        "*",
        "~",
        "!1",
        "{a,b}",
        "=ls",
        "a b;c&d|e<f>g",
        "\u{1b}[1m",
        "größer",
    ] {
        let line = format!("printf '%s.' {} end", word(text));
        let said = Command::new("sh").args(["-c", &line]).output().unwrap();
        assert_eq!(String::from_utf8(said.stdout).unwrap(), format!("{text}.end."));
    }
}
