//! Why the program ends without a verdict, and with which exit code.

use brownout_core::language::render::escape;
use brownout_core::port::{PortError, Trouble};
use brownout_core::verdict::Verdict;

/// Exit codes; README has the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All that was checked passed.
    Pass = 0,
    /// A check failed.
    Fail = 1,
    /// The input is wrong.
    WrongInput = 2,
    /// Nobody can tell.
    Inconclusive = 3,
    /// The rig could not be restored.
    NotRestored = 4,
    /// A bug in brownout (EX_SOFTWARE of sysexits.h).
    Bug = 70,
    /// A person or a supervisor stopped it.
    Interrupted = 130,
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Pass,
            Verdict::Fail => Self::Fail,
            Verdict::Inconclusive => Self::Inconclusive,
        }
    }
}

/// An end without a verdict.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    message: String,
    help: Option<String>,
    rendered: bool,
}

impl Failure {
    /// Something that was given is wrong.
    pub fn input(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { exit: Exit::WrongInput, message: message.into(), help: Some(help.into()), rendered: false }
    }

    /// Nobody can tell.
    pub fn inconclusive(message: impl Into<String>, help: Option<String>) -> Self {
        Self { exit: Exit::Inconclusive, message: message.into(), help, rendered: false }
    }

    /// The rig is not as it was.
    pub fn not_restored(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { exit: Exit::NotRestored, message: message.into(), help: Some(help.into()), rendered: false }
    }

    /// Text that is ready to be shown, with its line ends.
    pub fn rendered(text: String) -> Self {
        Self { exit: Exit::WrongInput, message: text, help: None, rendered: true }
    }

    /// What went wrong, without what to do.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// As it is shown.
    pub fn text(&self) -> String {
        if self.rendered {
            return self.message.clone();
        }
        let mut text = format!("error: {}\n", escape(&self.message));
        if let Some(help) = self.help.as_deref().filter(|help| !help.is_empty()) {
            text.push_str(&format!("  help: {}\n", escape(help)));
        }
        text
    }
}

impl From<PortError> for Failure {
    /// What does not fit a device was written wrongly, in a file or an option; all else is the rig's trouble.
    fn from(error: PortError) -> Self {
        if error.trouble == Trouble::Mismatch {
            return Self::input(error.message, error.help.unwrap_or_default());
        }
        Self::inconclusive(error.to_string(), error.help)
    }
}
