//! Payloads that have broken devices, kept as files. One file each in `fixtures/payloads`, and its line in the table
//! below; what each of them is stands in the README there.

use crate::language::decode::Shape;
use crate::language::diagnostic::did_you_mean;
use crate::language::scalar::from_str;
use crate::language::{Decode, Diagnostics, Node};
use serde::{Deserialize, Serialize};

macro_rules! corpus {
    ($($file:literal),+ $(,)?) => {
        /// The files, by name.
        const FILES: &[(&str, &[u8])] =
            &[$(($file, include_bytes!(concat!("../../../../fixtures/payloads/", $file)))),+];
    };
}

corpus! {
    "array.json",
    "bom.json",
    "control-characters.json",
    "exponent.json",
    "long-key.json",
    "lone-surrogate.json",
    "negative-zero.json",
    "nested-objects.json",
    "number-with-4000-digits.json",
    "only-spaces.json",
    "single-quotes.json",
    "trailing-comma.json",
    "two-documents.json",
    "utf-16.json",
    "zero-byte.json",
}

/// A file of the corpus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CorpusFile(usize);

impl CorpusFile {
    /// Every file there is.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..FILES.len()).map(Self)
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        FILES.get(self.0).map_or("", |(name, _)| name)
    }

    /// What is in it.
    pub fn bytes(&self) -> &'static [u8] {
        FILES.get(self.0).map_or(&[], |(_, bytes)| bytes)
    }
}

impl std::str::FromStr for CorpusFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        FILES.iter().position(|(name, _)| *name == text).map(Self).ok_or_else(|| {
            let hint = match did_you_mean(text, FILES.iter().map(|(name, _)| *name)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "its README lists them".to_owned(),
            };
            format!("`{text}` is no file of fixtures/payloads; {hint}")
        })
    }
}

impl TryFrom<String> for CorpusFile {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<CorpusFile> for String {
    fn from(file: CorpusFile) -> Self {
        file.name().to_owned()
    }
}

impl Decode for CorpusFile {
    fn shape() -> Shape {
        Shape::Scalar("a file of fixtures/payloads", "bom.json")
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        from_str(node, "a file of fixtures/payloads", out)
    }
}

#[cfg(test)]
mod tests {
    use super::CorpusFile;

    #[test]
    fn the_readme_says_what_each_file_is() {
        let readme = include_str!("../../../../fixtures/payloads/README.md");
        for file in CorpusFile::all() {
            assert!(readme.contains(&format!("| `{}` |", file.name())), "{}", file.name());
            assert_eq!(file.name().parse(), Ok(file));
        }
        assert!("bmo.json".parse::<CorpusFile>().unwrap_err().contains("did you mean `bom.json`?"));
    }
}
