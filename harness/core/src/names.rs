//! Names as types, so that a signal is never taken for a setting.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $type(pub String);

        impl $type {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $type {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

name! {
    /// A device under test, as the rig file calls it.
    Dut
}
name! {
    /// A behaviour of a device (`boot`, `ready`), as the board file calls it.
    Signal
}
name! {
    /// A command the device takes, as the board file calls it.
    Command
}
name! {
    /// A setting that the device keeps (`target`), in the device's own words.
    Setting
}
name! {
    /// A known defect that a firmware image can be told to have.
    Defect
}
name! {
    /// An input of a device (`temperature`, `button`), as the board file calls it.
    Input
}
name! {
    /// A region of flash, as the board file calls it.
    Region
}
