//! What the cloud's interface serves: a configuration, and files.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The configuration that there is in the beginning, and the one before it.
const CONFIGURATIONS: [&str; 2] =
    [r#"{"version":1,"target":19.0,"interval":60}"#, r#"{"version":2,"target":21.0,"interval":10}"#];

/// All that is served: plain, and cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    config: Resource,
    files: BTreeMap<String, Resource>,
}

/// Something that is served, and what was served before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resource {
    pub(super) current: Version,
    pub(super) previous: Option<Version>,
}

/// A state of something that is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) body: Arc<[u8]>,
    /// A strong entity tag (RFC 9110 section 8.8.3), with its quotes.
    pub(super) tag: String,
}

impl Version {
    fn new(body: &[u8]) -> Self {
        let digest = Sha256::digest(body);
        let short = digest.first_chunk::<8>().copied().unwrap_or_default();
        Self { body: body.into(), tag: format!("\"{}\"", HEXLOWER.encode(&short)) }
    }
}

impl Resource {
    fn replace(&mut self, body: &[u8]) {
        let new = Version::new(body);
        if new != self.current {
            self.previous = Some(core::mem::replace(&mut self.current, new));
        }
    }
}

impl Default for Site {
    fn default() -> Self {
        let [previous, current] = CONFIGURATIONS.map(|text| Version::new(text.as_bytes()));
        Self { config: Resource { current, previous: Some(previous) }, files: BTreeMap::new() }
    }
}

impl Site {
    /// Serves another configuration at `/v1/config`: JSON.
    pub fn configure(&mut self, json: &str) {
        self.config.replace(json.as_bytes());
    }

    /// Serves a file at `/files/<name>`, in place of what was there.
    pub fn put(&mut self, name: &str, body: &[u8]) {
        match self.files.get_mut(name) {
            Some(file) => file.replace(body),
            None => {
                let file = Resource { current: Version::new(body), previous: None };
                self.files.insert(name.to_owned(), file);
            }
        }
    }

    pub(super) fn config(&self) -> &Resource {
        &self.config
    }

    pub(super) fn file(&self, name: &str) -> Option<&Resource> {
        self.files.get(name)
    }
}
