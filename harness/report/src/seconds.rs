//! Lengths of time in JSON for programs: a number of seconds, in a field whose name ends in `_s`.

use brownout_core::time::Duration;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Exact to the nanosecond up to 13 days, after that to fifteen digits.
pub(crate) fn serialize<S: Serializer>(time: &Duration, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_f64(time.as_secs_f64())
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
    let seconds = f64::deserialize(d)?;
    let time = std::time::Duration::try_from_secs_f64(seconds).map_err(D::Error::custom)?;
    u64::try_from(time.as_nanos()).map(Duration).map_err(D::Error::custom)
}

/// A time that is not always known.
pub(crate) mod optional {
    use super::{Deserialize, Deserializer, Duration, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Seconds(#[serde(with = "super")] Duration);

    pub(crate) fn serialize<S: Serializer>(time: &Option<Duration>, s: S) -> Result<S::Ok, S::Error> {
        time.map(Seconds).serialize(s)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<Seconds>::deserialize(d)?.map(|seconds| seconds.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Serialize, Deserialize)]
    struct Line {
        #[serde(rename = "time_s", with = "super")]
        time: Duration,
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(nanos in 0_u64..1 << 50) {
            let text = serde_json::to_string(&Line { time: Duration(nanos) }).unwrap();
            prop_assert_eq!(serde_json::from_str::<Line>(&text).unwrap().time, Duration(nanos));
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        assert_eq!(
            serde_json::to_string(&Line { time: Duration(12_102_964_000) }).unwrap(),
            r#"{"time_s":12.102964}"#
        );
        for text in [r#"{"time_s":-1}"#, r#"{"time_s":1e300}"#, r#"{"time_s":"1s"}"#] {
            assert!(serde_json::from_str::<Line>(text).is_err(), "{text}");
        }
    }
}
