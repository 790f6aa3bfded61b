//! The doors of a device, and what can be wrong with them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A capability contract between harness and device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Port {
    /// Debug probe: program, reset, halt, read and write memory, RTT.
    Debug,
    /// Serial console.
    Console,
    /// Mains.
    Power,
    /// Sees flash operations and can cut the power at one of them. Optional; few benches have it.
    FlashTrace,
    /// An adjustable supply: dips and ramps of the voltage. Optional.
    Supply,
    /// What the device senses: sensors, battery, buttons, its 32.768 kHz crystal. Optional.
    Stimulus,
    /// The device's network cable, and what its frames meet on their way. Optional.
    Link,
    /// The services at the other end: DHCP, DNS, NTP, the broker, the cloud. Optional.
    Services,
}

impl Port {
    /// Every port there is.
    pub const ALL: &[Self] = &[
        Self::Debug,
        Self::Console,
        Self::Power,
        Self::FlashTrace,
        Self::Supply,
        Self::Stimulus,
        Self::Link,
        Self::Services,
    ];

    /// Whether it is there for a run only where the scenario asks for it in its `needs`. Without them a device has no
    /// network: its cable is out, and it is not provisioned.
    pub const fn is_asked_for(self) -> bool {
        matches!(self, Self::Link | Self::Services)
    }

    /// As it is written in scenario and rig files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Console => "console",
            Self::Power => "power",
            Self::FlashTrace => "flash_trace",
            Self::Supply => "supply",
            Self::Stimulus => "stimulus",
            Self::Link => "link",
            Self::Services => "services",
        }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What kind of trouble a port has; decides the exit code and the advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The instrument is not there (unplugged, wrong selector).
    Absent,
    /// Somebody else has it.
    Busy,
    /// No permission to open it.
    Denied,
    /// It is there but the device behind it does not answer.
    Silent,
    /// The device is locked (read-back protection).
    Locked,
    /// What was asked does not fit this device (an image for another chip).
    Mismatch,
    /// Anything else that the instrument reported.
    Failed,
}

/// A port could not do what was asked. The message says what and where; `help` says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{port}: {message}")]
pub struct PortError {
    /// Which port.
    pub port: Port,
    /// What kind of trouble.
    pub trouble: Trouble,
    /// What happened, in one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}
