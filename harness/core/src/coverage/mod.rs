//! What a set of scenarios covers: classes of failure, the tests of others, requirements of one's own.
//!
//! A scenario says it in `covers`: `class:dns`, `aws-iot-device-advisor/TLS_Expired_Server_Cert`, or any other name. One
//! that names no class has that of its theme, the folder it stands in.

mod advisor;
mod page;

pub use page::page;

use crate::language::decode::{Ruled, Shape};
use crate::language::diagnostic::did_you_mean;
use crate::language::scalar::from_str;
use crate::language::{Decode, Diagnostics, Node};
use crate::names::Defect;
use crate::scenario::ScenarioFile;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A class of failure that connected devices meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The network or the cloud is away.
    Outage,
    /// Names are not resolved, or wrongly.
    Dns,
    /// Certificates and credentials expire, change, or are not what they should be.
    Credentials,
    /// New firmware does not arrive whole, or does not work.
    Update,
    /// A peer speaks another dialect, or breaks the rules.
    Protocol,
    /// What is stored or in memory changes.
    Integrity,
    /// What is measured while nobody listens is kept.
    Buffering,
    /// The device does less, knows it and shows it.
    Degradation,
    /// Somebody means harm.
    Security,
    /// The supply goes, dips, ramps.
    Power,
    /// What the device senses is wrong or gone.
    Sensor,
    /// Many devices do the same at once.
    Scale,
    /// Days in the life of a device.
    Journey,
}

impl Class {
    /// All of them, in the order of the page.
    pub const ALL: &'static [Self] = &[
        Self::Outage,
        Self::Dns,
        Self::Credentials,
        Self::Update,
        Self::Protocol,
        Self::Integrity,
        Self::Buffering,
        Self::Degradation,
        Self::Security,
        Self::Power,
        Self::Sensor,
        Self::Scale,
        Self::Journey,
    ];

    /// As `covers` names it, behind `class:`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Outage => "outage",
            Self::Dns => "dns",
            Self::Credentials => "credentials",
            Self::Update => "update",
            Self::Protocol => "protocol",
            Self::Integrity => "integrity",
            Self::Buffering => "buffering",
            Self::Degradation => "degradation",
            Self::Security => "security",
            Self::Power => "power",
            Self::Sensor => "sensor",
            Self::Scale => "scale",
            Self::Journey => "journey",
        }
    }

    /// In words, for the page.
    const fn title(self) -> &'static str {
        match self {
            Self::Outage => "outage of network or cloud",
            Self::Dns => "DNS",
            Self::Credentials => "certificates and credentials",
            Self::Update => "update",
            Self::Protocol => "variants and violations of protocols",
            Self::Integrity => "integrity of data",
            Self::Buffering => "buffering",
            Self::Degradation => "degradation",
            Self::Security => "security",
            Self::Power => "power",
            Self::Sensor => "sensors and inputs",
            Self::Scale => "scale",
            Self::Journey => "journey",
        }
    }

    /// That of a theme: the folder of a scenario.
    fn of_theme(theme: &str) -> Option<Self> {
        Some(match theme {
            "network" => Self::Outage,
            "dns" => Self::Dns,
            "tls" | "time" => Self::Credentials,
            "ota" => Self::Update,
            "mqtt" | "console" => Self::Protocol,
            "debug" => Self::Integrity,
            "security" => Self::Security,
            "power" => Self::Power,
            "sensor" => Self::Sensor,
            "fleet" => Self::Scale,
            "journey" => Self::Journey,
            _ => return None,
        })
    }
}

/// What stands before the name of a class.
const CLASS: &str = "class:";

/// Something that a scenario covers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cover {
    /// A class of failure.
    Class(Class),
    /// A test of AWS IoT Core Device Advisor, by its id.
    Advisor(&'static str),
    /// A requirement of one's own list.
    Own(String),
}

impl FromStr for Cover {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let guess = |word: &str, known: &mut dyn Iterator<Item = &'static str>| {
            let known: Vec<_> = known.collect();
            match did_you_mean(word, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it is one of: {}", known.join(", ")),
            }
        };
        if let Some(word) = text.strip_prefix(CLASS) {
            let class = Class::ALL.iter().find(|class| class.word() == word);
            return class.map(|class| Self::Class(*class)).ok_or_else(|| {
                let guess = guess(word, &mut Class::ALL.iter().map(|class| class.word()));
                format!("there is no class of failure `{word}`; {guess}")
            });
        }
        if let Some(id) = text.strip_prefix(advisor::PREFIX) {
            return advisor::test(id).map(Self::Advisor).ok_or_else(|| {
                let guess = guess(id, &mut advisor::TESTS.iter().map(|(id, _)| *id));
                format!("Device Advisor has no test `{id}`; {guess}")
            });
        }
        if text.trim().is_empty() || text.contains(char::is_control) {
            return Err("what is covered has a name; write it on one line".to_owned());
        }
        Ok(Self::Own(text.to_owned()))
    }
}

impl fmt::Display for Cover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Class(class) => write!(f, "{CLASS}{}", class.word()),
            Self::Advisor(id) => write!(f, "{}{id}", advisor::PREFIX),
            Self::Own(name) => f.write_str(name),
        }
    }
}

impl Serialize for Cover {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cover {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Ruled for Cover {}

impl Decode for Cover {
    fn shape() -> Shape {
        Shape::Scalar("a name", "class:dns")
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        from_str(node, "something that is covered", out)
    }
}

/// A scenario, as far as its coverage goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Covering {
    /// Its name: `power/cut-at-any-moment`.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The defect that proves that it can fail.
    pub catches: Option<Defect>,
    /// What it covers; at least its theme's class, if that has one.
    pub covers: Vec<Cover>,
}

impl Covering {
    /// That of a scenario.
    pub fn of(file: &ScenarioFile) -> Self {
        let scenario = file.first();
        let mut covers = scenario.covers.clone();
        if !covers.iter().any(|cover| matches!(cover, Cover::Class(_))) {
            let theme = file.name.split('/').next().unwrap_or_default();
            covers.extend(Class::of_theme(theme).map(Cover::Class));
        }
        let (name, title) = (file.name.clone(), file.title.clone());
        Self { name, title, catches: scenario.catches.clone(), covers }
    }

    fn is_of(&self, cover: &Cover) -> bool {
        self.covers.contains(cover)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_covered_is_a_class_a_test_of_others_or_a_name() {
        let read = |text: &str| text.parse::<Cover>();
        assert_eq!(read("class:dns"), Ok(Cover::Class(Class::Dns)));
        let expired = Ok(Cover::Advisor("TLS_Expired_Server_Cert"));
        assert_eq!(read("aws-iot-device-advisor/TLS_Expired_Server_Cert"), expired);
        assert_eq!(read("aws-iot-device-advisor/tls-expired-server-cert"), expired);
        assert_eq!(read("REQ-17"), Ok(Cover::Own("REQ-17".to_owned())));
        assert_eq!(read("class:dsn").unwrap_err(), "there is no class of failure `dsn`; did you mean `dns`?");
        assert_eq!(
            read("aws-iot-device-advisor/TLS_Conect").unwrap_err(),
            "Device Advisor has no test `TLS_Conect`; did you mean `TLS_Connect`?"
        );
        for wrong in ["", " ", "a\nb"] {
            assert!(read(wrong).is_err());
        }
        assert!(Class::ALL.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn a_scenario_has_the_class_of_its_theme_unless_it_names_one() {
        let of = |path: &str, covers: &str| {
            let text = format!("scenario: a\ncovers: {covers}\nexpect: [never: panic]\n");
            Covering::of(&ScenarioFile::read(path, &text).unwrap()).covers
        };
        assert_eq!(of("scenarios/tls/x.yaml", "[]"), [Cover::Class(Class::Credentials)]);
        assert_eq!(of("scenarios/tls/x.yaml", "[class:security]"), [Cover::Class(Class::Security)]);
        let own = Cover::Own("R1".to_owned());
        assert_eq!(of("scenarios/power/x.yaml", "[R1]"), [own.clone(), Cover::Class(Class::Power)]);
        assert_eq!(of("scenarios/mine/x.yaml", "[R1]"), [own]);
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(text in "(class:|aws-iot-device-advisor/)?[a-zA-Z_-]{0,12}") {
            if let Ok(cover) = text.parse::<Cover>() {
                prop_assert_eq!(cover.to_string().parse(), Ok(cover));
            }
        }
    }
}
