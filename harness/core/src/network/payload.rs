//! What a message consists of, and how that is wrong.

use super::{CorpusFile, Payload};
use serde::{Deserialize, Serialize};

/// What a message consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// These bytes. `{n}` in them is a number that no other message of the run has.
    Literal(Payload),
    /// A file of the corpus.
    Corpus(CorpusFile),
    /// Made from a good one.
    Made {
        /// How it is wrong.
        kind: PayloadKind,
        /// The good one, in JSON. `{n}` in it is a number that no other message of the run has.
        from: String,
        /// Decides what is random about it.
        seed: u64,
    },
}

/// How a payload is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayloadKind {
    /// A field is not there.
    MissingField,
    /// There is a field more.
    ExtraField,
    /// A value is null.
    Null,
    /// A value has another type.
    WrongType,
    /// A number is far beyond what makes sense.
    OutOfRange,
    /// A number is NaN or infinite, which JSON does not have.
    Nan,
    /// Nested too deep: 10,000 levels.
    Deep,
    /// 60 KiB and more.
    Huge,
    /// A key is there twice, with different values.
    DuplicatedKey,
    /// It ends in the middle.
    Truncated,
    /// It is not JSON.
    NotJson,
    /// It is not UTF-8.
    InvalidUtf8,
    /// It is empty.
    Empty,
    /// Names and types as a later version of the cloud might have them.
    SchemaDrift,
}

crate::words!(PayloadKind {
    MissingField = "missing_field",
    ExtraField = "extra_field",
    Null = "null",
    WrongType = "wrong_type",
    OutOfRange = "out_of_range",
    Nan = "nan",
    Deep = "deep",
    Huge = "huge",
    DuplicatedKey = "duplicated_key",
    Truncated = "truncated",
    NotJson = "not_json",
    InvalidUtf8 = "invalid_utf8",
    Empty = "empty",
    SchemaDrift = "schema_drift",
});

impl PayloadKind {
    /// Every kind there is.
    pub const ALL: &[Self] = &[
        Self::MissingField,
        Self::ExtraField,
        Self::Null,
        Self::WrongType,
        Self::OutOfRange,
        Self::Nan,
        Self::Deep,
        Self::Huge,
        Self::DuplicatedKey,
        Self::Truncated,
        Self::NotJson,
        Self::InvalidUtf8,
        Self::Empty,
        Self::SchemaDrift,
    ];
}

/// What a message consists of, as it is written: one of the three, or none for what is usual.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// Made from a good one, and how it is wrong.
    pub kind: Option<PayloadKind>,
    /// A file of the corpus.
    pub corpus: Option<&'a CorpusFile>,
    /// Word for word.
    pub text: Option<&'a Payload>,
}

impl Written<'_> {
    /// How many of the three were written.
    pub fn how_many(&self) -> usize {
        usize::from(self.kind.is_some())
            + usize::from(self.corpus.is_some())
            + usize::from(self.text.is_some())
    }

    /// Whether it is made from a good one.
    pub fn wants_a_good_one(&self) -> bool {
        self.text.is_none() && self.corpus.is_none() && self.kind != Some(PayloadKind::Empty)
    }

    /// As it is made: from `from` where it is made from a good one, and as `usual` if nothing was written.
    pub fn content(&self, usual: Content, from: &str, seed: u64) -> Content {
        match (self.text, self.corpus, self.kind) {
            (Some(text), ..) => Content::Literal(text.clone()),
            (None, Some(file), _) => Content::Corpus(file.clone()),
            (None, None, Some(kind)) => Content::Made { kind, from: from.to_owned(), seed },
            (None, None, None) => usual,
        }
    }
}
